// Package ui is the kit that the site's pages are made of: buttons, fields,
// notices and the like, as typed templ components. It knows no noun of the
// site, reads nothing and keeps nothing, so every component is safe for use by
// many goroutines. The text a component is given is escaped. Class names are
// whole literals, because Tailwind finds them by reading the templates; ids
// are what the caller says, because they have to be the same in every render.
package ui
