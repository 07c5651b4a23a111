import plugin from "tailwindcss/plugin";

// Every design token of the site is in this file. A colour is a CSS custom
// property, so that one set of class names serves both themes and a stylesheet
// loaded after ours can change a theme without a build; a length is resolved
// when the CSS is built. Nothing outside this file names a raw colour, and no
// Tailwind default is loaded: a class that is not made of these tokens does
// not exist.
//
// assets/contrast_test.go computes the contrast of every pair in use.

const dark = {
  page: "#292524", // stone-800
  well: "#1c1917", // stone-900: what is read or typed into
  raised: "#25211f", // a row of a well under the pointer
  "dusk-from": "#172554", // the sky over the welcome
  "dusk-to": "#102a25",
  moon: "#fbdf8f",
  line: "#44403c", // decoration between things
  edge: "#78716c", // the outline of a control: at least 3:1
  text: "#f5f5f4",
  muted: "#a8a29e",
  voice: "#fde68a", // what people say in the log
  link: "#4ade80",
  accent: "#f59e0b", // hover
  focus: "#fbbf24",
  name: "#f472b6", // the names of places, welcome lines
  info: "#93c5fd",
  danger: "#f87171",
};

const light = {
  page: "#f5f5f4",
  well: "#ffffff",
  raised: "#fafaf9",
  "dusk-from": "#dbeafe",
  "dusk-to": "#dcfce7",
  moon: "#fde68a",
  line: "#d6d3d1",
  edge: "#78716c",
  text: "#1c1917",
  muted: "#57534e",
  voice: "#6b2f0c",
  link: "#166534",
  accent: "#a84b07",
  focus: "#b45309",
  name: "#be185d",
  info: "#1d4ed8",
  danger: "#b91c1c",
};

// The collar and its tag are the same by day and by night. The green end is
// darker than green-600, or white text on it would be at 3.3:1.
const brand = {
  "brand-from": "#1d4ed8",
  "brand-to": "#137636",
  "on-brand": "#ffffff",
  "on-brand-hover": "#fde68a",
  trim: "#f59e0b",
  tag: "#be185d",
  "on-tag": "#ffffff",
  shade: "#00000080", // over the page, behind what opens above it
  fur: "#14110f",
  "fur-light": "#322c28",
  eye: "#92540f",
};

const properties = (tokens) =>
  Object.fromEntries(Object.entries(tokens).map(([name, value]) => [`--${name}`, value]));

const references = (tokens) =>
  Object.fromEntries(Object.keys(tokens).map((name) => [name, `var(--${name})`]));

export default {
  theme: {
    colors: { ...references(dark), ...references(brand), transparent: "transparent", current: "currentColor" },
    spacing: {
      0: "0",
      px: "1px",
      1: "0.25rem",
      2: "0.5rem",
      3: "0.75rem",
      4: "1rem",
      6: "1.5rem",
      8: "2rem",
      12: "3rem",
      16: "4rem",
      control: "2.75rem", // the least height of anything one presses
    },
    maxWidth: { narrow: "28rem", text: "42rem", page: "60rem", room: "84rem" },
    // Each step is 1.2 times the one below.
    fontSize: {
      sm: ["0.8333rem", "1.25rem"],
      base: ["1rem", "1.5rem"],
      lg: ["1.2rem", "1.75rem"],
      xl: ["1.44rem", "2rem"],
      "2xl": ["1.728rem", "2.25rem"],
      "3xl": ["2.0736rem", "2.5rem"],
    },
    fontWeight: { normal: "400", medium: "500", bold: "650" },
    borderRadius: { DEFAULT: "0.5rem", none: "0", full: "50%" },
    screens: { sm: "40rem", lg: "64rem" },
  },
  plugins: [
    plugin(({ addBase }) => {
      addBase({
        ":root": {
          "color-scheme": "dark",
          ...properties(dark),
          ...properties(brand),
          // Half a second, most of it in the first tenth: the glow lingers, the answer does not wait.
          "--motion": "500ms cubic-bezier(0.16, 1, 0.3, 1)",
        },
        "@media (prefers-color-scheme: light)": {
          ":root": { "color-scheme": "light", ...properties(light) },
        },
        "@media (prefers-reduced-motion: reduce)": { ":root": { "--motion": "0s" } },
      });
    }),
  ],
};
