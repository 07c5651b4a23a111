package handlers

import (
	"bytes"
	"html"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/picture"
	"github.com/twilightbark/twilightbark/store"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// profile is the settings form as a browser sends it.
func profile(username string) url.Values {
	return url.Values{"username": {username}, "hide_email": {"on"}, "time_zone": {""}}
}

// upload sends a form with a file, as browsers do.
func (v *visitor) upload(path string, form url.Values, fileName string, file []byte) *answer {
	v.site.t.Helper()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for name, values := range form {
		for _, value := range values {
			if err := parts.WriteField(name, value); err != nil {
				v.site.t.Fatal(err)
			}
		}
	}
	part, err := parts.CreateFormFile("avatar", fileName)
	if err == nil {
		_, err = part.Write(file)
	}
	if err == nil {
		err = parts.Close()
	}
	if err != nil {
		v.site.t.Fatal(err)
	}
	return v.sendParts(path, parts.FormDataContentType(), &body)
}

func (v *visitor) sendParts(path, kind string, body io.Reader) *answer {
	v.site.t.Helper()
	r := httptest.NewRequestWithContext(v.site.t.Context(), http.MethodPost, path, body)
	r.Header.Set("Content-Type", kind)
	return v.do(r)
}

// anImage is a PNG of one colour.
func anImage(t *testing.T, c color.Color) []byte { return anImageOf(t, 300, 200, c) }

func anImageOf(t *testing.T, width, height int, c color.Color) []byte {
	t.Helper()
	img := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{c})
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestSettingsAreForMembers(t *testing.T) {
	s := newSite(t)
	s.guest().get("/settings").status(303).location("/login?next=%2Fsettings")
	s.guest().post("/settings", profile("eve")).status(303).location("/login?next=%2Fsettings")
	s.guest().upload("/settings", profile("eve"), "a.png", make([]byte, 1<<20)).status(303)
	ada := s.member("ada")
	ada.with("Sec-Fetch-Site", "cross-site").post("/settings", profile("eve")).status(403)
	ada.get("/users/ada").status(200)
}

func TestChangeProfile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada := s.member("ada")
		form := ada.get("/settings").status(200)
		if got := form.value("#username"); got != "ada" {
			t.Errorf("got the username %q", got)
		}
		if doc := form.doc(); doc.Find("#hide_email[checked]").Length() != 1 || doc.Find("#time_zone option").Length() != len(chat.TimeZones())+1 {
			t.Error("the form does not show what is so")
		}
		s.guest().get("/users/ada").has("**********").lacks("ada@example.com", "Edit")
		ada.get("/users/ada").has("ada@example.com", `href="/settings"`)

		ada.post("/settings", url.Values{"username": {"Ada.L"}, "time_zone": {"Asia/Tokyo"}}).status(303).location("/users/Ada.L")
		s.guest().get("/users/ada.l").status(200).has("Ada.L", "ada@example.com")
		if got := ada.get("/settings").doc().Find("option[selected]").AttrOr("value", ""); got != "Asia/Tokyo" {
			t.Errorf("got the time zone %q", got)
		}
	})
}

func TestProfileRefused(t *testing.T) {
	s := newSite(t)
	storetest.User(t, s.Store, "bob")
	ada := s.member("ada")
	for name, tt := range map[string]struct {
		form  url.Values
		field string
		says  string
	}{
		"a taken name":     {profile("BOB"), "username", "taken"},
		"a reserved name":  {profile("Settings"), "username", "kept"},
		"another script":   {profile("аdmin"), "username", "letters"},
		"no name":          {profile(""), "username", "letters"},
		"a path":           {profile("../ada"), "username", "letters"},
		"a zone of no map": {url.Values{"username": {"ada"}, "time_zone": {"Local"}}, "time_zone", "list"},
		"a zone's path":    {url.Values{"username": {"ada"}, "time_zone": {"../../etc/passwd"}}, "time_zone", "list"},
	} {
		answer := ada.post("/settings", tt.form).status(422)
		if got := answer.doc().Find("#" + tt.field + "-error").Text(); !strings.Contains(got, tt.says) {
			t.Errorf("%s: got %q beside the field, want %q", name, got, tt.says)
		}
		if got := answer.value("#username"); got != tt.form.Get("username") {
			t.Errorf("%s: got %q kept", name, got)
		}
	}
	ada.get("/users/ada").status(200)
}

func TestFormerNameLeadsToTheAccount(t *testing.T) {
	s := newSite(t)
	ada := s.member("ada")
	ada.post("/settings", profile("lovelace")).status(303)
	answer := s.guest().get("/users/ADA").status(301).location("/users/lovelace")
	if got := answer.Header().Get("Cache-Control"); got != "no-cache" {
		t.Errorf("got Cache-Control %q: a browser would keep it for ever", got)
	}
	s.guest().post("/register", registration("other@example.com", "Ada", goodPassword)).status(303)
	s.guest().get("/users/ada").status(200).has("Ada")
	s.guest().get("/users/nobody").status(404)
	s.guest().get("/users/%00%ff").status(404)
}

func TestProfilePicture(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.Store) {
		s := newSiteOn(t, db)
		ada := s.member("ada")
		room := storetest.Room(t, db, "dogs")
		ada.post(room.Path()+"/messages", draft("woof", aNonce())).status(303)
		ada.upload("/settings", profile("ada"), "me.png", anImage(t, color.RGBA{200, 0, 0, 255})).status(303).location("/users/ada")
		large := ada.get("/users/ada").doc().Find(".avatar.large").AttrOr("src", "")
		if !strings.HasPrefix(large, "/avatars/") || !strings.HasSuffix(large, "/256") || len(large) != len("/avatars//256")+32 {
			t.Fatalf("got the picture %q", large)
		}
		small := strings.Replace(large, "/256", "/96", 1)
		if got := s.guest().get(room.Path()).doc().Find("#m-1 .avatar").AttrOr("src", ""); got != small {
			t.Errorf("an old message shows %q, want %q", got, small)
		}
		for path, side := range map[string]int{large: 256, small: 96} {
			answer := s.guest().get(path).status(200)
			config, err := jpeg.DecodeConfig(answer.Body)
			if err != nil || config.Width != side || answer.Header().Get("Content-Type") != "image/jpeg" || answer.Header().Get("Cache-Control") != forever {
				t.Errorf("%s: %v, %v, %v", path, config, err, answer.Header())
			}
		}
		ada.upload("/settings", profile("ada"), "other.png", anImage(t, color.RGBA{0, 200, 0, 255})).status(303)
		if got := ada.get("/users/ada").doc().Find(".avatar.large").AttrOr("src", ""); got == large {
			t.Error("another picture has the address of the first")
		}
		s.guest().get(large).status(404)

		form := profile("ada")
		ada.post("/settings", form).status(303)
		ada.get("/settings").has("remove_avatar")
		form.Set("remove_avatar", "on")
		ada.post("/settings", form).status(303)
		if got := ada.get("/users/ada").doc().Find(".avatar.large").AttrOr("src", ""); got != chat.DefaultPicture("ada") {
			t.Errorf("after it was removed: got %q", got)
		}
		ada.get("/settings").lacks("remove_avatar")
	})
}

func TestPicturesThatCantBe(t *testing.T) {
	s := newSite(t)
	ada := s.member("ada")
	for name, tt := range map[string]struct {
		file []byte
		says picture.Refusal
	}{
		"empty": {nil, picture.ErrFormat}, "HTML": {[]byte("<script>"), picture.ErrFormat},
		"cut":        {anImage(t, color.Black)[:60], picture.ErrDamaged},
		"6 MB":       {make([]byte, 6<<20), picture.ErrTooLarge},
		"20 MB":      {make([]byte, 20<<20), picture.ErrTooLarge},
		"a wide one": {anImageOf(t, 4097, 1, color.Black), picture.ErrTooWide},
	} {
		answer := ada.upload("/settings", profile("lovelace"), `../../x".png`, tt.file).status(422)
		if got := answer.doc().Find("#avatar-error").Text(); got != tt.says.Error() {
			t.Errorf("%s: got %q, want %q", name, got, tt.says)
		}
		if got := answer.value("#username"); got != "lovelace" {
			t.Errorf("%s: what was typed is not kept: %q", name, got)
		}
	}
	ada.upload("/settings", profile("lovelace"), "x", make([]byte, 40<<20)).status(413).has("5 MB")
	ada.get("/users/ada").status(200) // nothing was changed
	for _, path := range []string{"/avatars/x/96", "/avatars/00000000000000000000000000000000/96", "/avatars/" + strings.Repeat("0", 32) + "/95", "/avatars/%00/256", "/avatars/paw-1/256"} {
		s.guest().get(path).status(404)
	}
}

func TestDamagedUploads(t *testing.T) {
	s := newSite(t)
	ada := s.member("ada")
	part := "--b\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nlovelace\r\n"
	for name, tt := range map[string]struct {
		kind, body string
		status     int
	}{
		"without a boundary":   {"multipart/form-data", part + "--b--\r\n", 400},
		"broken off":           {"multipart/form-data; boundary=b", part, 400},
		"broken off in a part": {"multipart/form-data; boundary=b", part[:len(part)-5], 400},
		"many parts":           {"multipart/form-data; boundary=b", strings.Repeat(part, 10_000) + "--b--\r\n", 400},
		"a long name":          {"multipart/form-data; boundary=b", strings.Replace(part, "lovelace", strings.Repeat("x", 100_000), 1) + "--b--\r\n", 400},
		"another charset":      {"multipart/form-data; boundary=b; charset=utf-16", part + "--b--\r\n", 415},
		"no form":              {"application/json", "{}", 415},
		"the file as text":     {"multipart/form-data; boundary=b", strings.Replace(part, "username", "avatar", 1) + "--b--\r\n", 303},
		"the name as a file":   {"multipart/form-data; boundary=b", strings.Replace(part, `"username"`, `"username"; filename="x"`, 1) + "--b--\r\n", 422},
		"an unnamed part":      {"multipart/form-data; boundary=b", strings.Replace(part, `; name="username"`, "", 1) + "--b--\r\n", 303},
	} {
		if answer := ada.sendParts("/settings", tt.kind, strings.NewReader(tt.body)); answer.Code != tt.status {
			t.Errorf("%s: got status %d, want %d: %s", name, answer.Code, tt.status, answer.Body)
		}
	}
	ada.get("/users/ada").status(200)
}

func TestUploadsAreBounded(t *testing.T) {
	s := newSite(t)
	ada := s.member("ada")
	for range maxUploads {
		s.uploads <- struct{}{}
	}
	ada.upload("/settings", profile("ada"), "x", nil).status(503)
	<-s.uploads
	ada.upload("/settings", profile("ada"), "", nil).status(303)
	if got := len(s.uploads); got != maxUploads-1 {
		t.Errorf("got %d under way, want %d: one was not given back", got, maxUploads-1)
	}
}

func TestAccountShowsLatestMessages(t *testing.T) {
	s := newSite(t)
	ada := s.member("ada")
	room := storetest.Room(t, s.Store, "dogs")
	s.guest().get("/users/ada").has("No barks yet.")
	for range latestMessages + 2 {
		ada.post(room.Path()+"/messages", draft("<b>woof</b>", aNonce())).status(303)
	}
	links := s.guest().get("/users/ada").doc().Find(".latest a")
	if links.Length() != latestMessages || links.First().AttrOr("href", "") != "/rooms/dogs/12" || links.First().Text() != "<b>woof</b>" {
		t.Errorf("got %d links, the first %q to %q", links.Length(), links.First().Text(), links.First().AttrOr("href", ""))
	}
}

func TestTimesFollowTheMember(t *testing.T) {
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	s := newSiteOn(t, storetest.SQLite(t).WithClock(func() time.Time { return noon }))
	ada, bob := s.member("ada"), s.member("bob")
	room := storetest.Room(t, s.Store, "dogs")
	ada.post("/settings", url.Values{"time_zone": {"Asia/Tokyo"}}).status(303)
	ada.withHTMX().post(room.Path()+"/messages", draft("woof", aNonce())).status(200).has(">21:00<")
	for name, path := range map[string]string{"the room": room.Path(), "a page": room.Path() + "/page/1", "the poll": room.Path() + "/changes?after=0-0"} {
		ada.get(path).has(">21:00<").lacks(">12:00<")
		bob.get(path).has(">12:00<").lacks(">21:00<")
		s.guest().get(path).has(">12:00<")
		if t.Failed() {
			t.Fatal(name)
		}
	}
	ada.get("/").has("24 November 2026, 21:00")
	ada.get("/users/ada").has("24 Nov 2026, 21:00")
}

func TestStreamFollowsTheMembersTimeZone(t *testing.T) {
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	s := newSiteOn(t, storetest.SQLite(t).WithClock(func() time.Time { return noon }))
	room := storetest.Room(t, s.Store, "dogs")
	address := s.serve() + room.Path() + "/events"
	ada, bob := s.member("ada"), s.member("bob")
	site := ada.listen(address)
	site.until("ada")
	ada.post("/settings", url.Values{"time_zone": {"Asia/Tokyo"}}).status(303)
	for {
		event, ok := site.next()
		if !ok {
			t.Fatal("the stream ended without telling the page to load itself again")
		}
		if event.name == "reload" {
			break
		}
	}
	hers, his := ada.listen(address), bob.listen(address)
	bob.post(room.Path()+"/messages", draft("woof", aNonce())).status(303)
	if got := hers.change(); !strings.Contains(got.data, ">21:00<") {
		t.Errorf("hers: got %s", got.data)
	}
	if got := his.change(); !strings.Contains(got.data, ">12:00<") {
		t.Errorf("his: got %s", got.data)
	}
}

func TestOpenPagesShowTheNewName(t *testing.T) {
	s := newSite(t)
	room := storetest.Room(t, s.Store, "dogs")
	ada := s.member("ada")
	base := s.serve()
	page := func() string { // the address of its stream
		doc := s.guest().get(room.Path()).doc()
		return base + doc.Find("#live").AttrOr("hx-sse:connect", "") + "&renewed=" + doc.Find("#renewed").AttrOr("value", "")
	}
	before := page()
	open := s.guest().listen(before)
	open.until("guest-count")
	ada.upload("/settings", profile("lovelace"), "me.png", anImage(t, color.RGBA{200, 0, 0, 255})).status(303)
	told := html.UnescapeString(open.until("[data-author=").data)
	for _, want := range []string{"[data-author='2'] > .author", "/users/lovelace", "/96", `id="renewed"`} {
		if !strings.Contains(told, want) {
			t.Errorf("want %q in %s", want, told)
		}
	}
	// Who was away meanwhile is told when the stream is back, and who has the new page is not.
	s.guest().listen(before).until("/users/lovelace")
	later := s.guest().listen(page())
	for event := later.until("crowded"); ; event, _ = later.next() {
		if strings.Contains(event.data, "[data-author=") {
			t.Errorf("a page that shows the name was told: %s", event.data)
		}
		if strings.Contains(event.data, "guest-count") {
			break
		}
	}
}
