package handlers

import (
	"archive/zip"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/views"
)

// dataBatch is how many messages of a download are in memory at once, and how
// many rooms are read at once.
const dataBatch = 500

func (h *Handlers) showData(c *gin.Context) error {
	return h.show(c, http.StatusOK, views.Page{Title: "Your data"}, views.Data())
}

// downloadData sends all that is the viewer's as a zip file. It is written as it
// is read, so a failure on the way breaks the download off: half an archive must
// not look whole.
func (h *Handlers) downloadData(c *gin.Context) error {
	user := viewer(c)
	if err := h.attempts.try("data " + strconv.FormatInt(user.ID, 10)); err != nil {
		return err
	}
	if err := h.Store.Record(c.Request.Context(), audit(c, chat.DataDownloaded, user.ID, user.ID)); err != nil {
		return err
	}
	c.Header("Content-Type", "application/zip")
	c.Header("Content-Disposition", `attachment; filename="twilight-bark-`+user.Username+`.zip"`)
	c.Header("Cache-Control", "no-store")
	archive := zip.NewWriter(c.Writer)
	d := download{Handlers: h, Context: c, archive: archive, user: *user}
	for _, write := range []func() error{d.writeProfile, d.writePictures, d.writeJSON, d.writePage, archive.Close} {
		if err := write(); err != nil {
			h.Log.WarnContext(c.Request.Context(), "a download of data was broken off", "error", err)
			panic(http.ErrAbortHandler)
		}
	}
	return nil
}

// download is one member's data on its way.
type download struct {
	*Handlers
	*gin.Context
	archive *zip.Writer
	user    chat.User
}

// profileData and messageData are the files' own form: programs of others read
// them, so that their names stay.
type profileData struct {
	Username       string     `json:"username"`
	Email          string     `json:"email"`
	EmailConfirmed bool       `json:"email_confirmed"`
	HideEmail      bool       `json:"hide_email"`
	TimeZone       string     `json:"time_zone,omitempty"`
	Joined         time.Time  `json:"joined"`
	Letters        string     `json:"letters"` // what they are sent about
	Follows        []roomData `json:"follows"`
	Ignores        []string   `json:"ignores"`
}

type roomData struct {
	Room string `json:"room"`
	URL  string `json:"url"`
}

type messageData struct {
	Room     string    `json:"room"`
	URL      string    `json:"url"`
	PostedAt time.Time `json:"posted_at"`
	Text     string    `json:"text"`
}

func (d download) writeProfile() error {
	notices, err := d.Store.Notices(d.Request.Context(), d.user.ID)
	if err != nil {
		return err
	}
	profile := profileData{
		Username: d.user.Username, Email: d.user.Email, EmailConfirmed: d.user.EmailConfirmedAt != 0,
		HideEmail: d.user.HideEmail, TimeZone: d.user.TimeZone, Joined: d.user.CreatedAt.Time(), Letters: string(notices),
	}
	if profile.Follows, err = d.follows(); err != nil {
		return err
	}
	if profile.Ignores, err = d.ignores(); err != nil {
		return err
	}
	file, err := d.archive.Create("profile.json")
	if err != nil {
		return err
	}
	pretty := json.NewEncoder(file)
	pretty.SetIndent("", "  ")
	return pretty.Encode(profile)
}

// follows lists all rooms that the user follows.
func (d download) follows() (follows []roomData, err error) {
	follows = []roomData{}
	for after := int64(0); ; {
		rooms, err := d.Store.FollowedRooms(d.Request.Context(), d.user.ID, after, dataBatch)
		if err != nil || len(rooms) == 0 {
			return follows, err
		}
		for _, room := range rooms {
			follows = append(follows, roomData{Room: room.Name, URL: d.BaseURL.String() + room.Path()})
			after = room.ID
		}
	}
}

// ignores names those whom the user ignores.
func (d download) ignores() (names []string, err error) {
	names = []string{}
	ignored, err := d.Store.Ignored(d.Request.Context(), d.user.ID)
	for _, user := range ignored {
		names = append(names, user.Username)
	}
	return names, err
}

func (d download) writePictures() error {
	if d.user.Avatar == "" {
		return nil
	}
	for name, large := range map[string]bool{"picture-256.jpg": true, "picture-96.jpg": false} {
		jpeg, err := d.Store.AvatarPicture(d.Request.Context(), d.user.Avatar, large)
		if err != nil {
			return err
		}
		file, err := d.archive.Create(name)
		if err != nil {
			return err
		}
		if _, err := file.Write(jpeg); err != nil {
			return err
		}
	}
	return nil
}

// writeJSON writes an array with a message on each line.
func (d download) writeJSON() error {
	file, err := d.archive.Create("messages.json")
	if err != nil {
		return err
	}
	between := "[\n"
	err = d.messages(func(m chat.Message) error {
		line, err := json.Marshal(messageData{Room: m.RoomName, URL: d.BaseURL.String() + m.Path(), PostedAt: m.PostedAt.Time(), Text: m.Body})
		if err == nil {
			_, err = io.WriteString(file, between+string(line))
		}
		between = ",\n"
		return err
	})
	if err != nil {
		return err
	}
	end := "\n]\n"
	if between == "[\n" {
		end = "[]\n"
	}
	_, err = io.WriteString(file, end)
	return err
}

func (d download) writePage() error {
	file, err := d.archive.Create("messages.html")
	if err != nil {
		return err
	}
	ctx := d.Request.Context()
	begin, end, err := views.ArchivePage(ctx, views.ArchiveProps{User: d.user, Site: d.inForce().SiteName, BaseURL: d.BaseURL.String()})
	if err != nil {
		return err
	}
	if _, err := file.Write(begin); err != nil {
		return err
	}
	zone := d.zone(d.Context)
	err = d.messages(func(m chat.Message) error {
		return views.ArchivedMessage(d.BaseURL.String(), views.MessageProps{Message: m, Zone: zone}).Render(ctx, file)
	})
	if err != nil {
		return err
	}
	_, err = file.Write(end)
	return err
}

// messages gives each of the user's messages, the oldest first. Who reads slowly
// is given the time, as long as there is progress.
func (d download) messages(each func(chat.Message) error) error {
	control := http.NewResponseController(d.Writer)
	for after := (chat.Message{}); ; {
		_ = control.SetWriteDeadline(time.Now().Add(requestTime)) // a recorder in a test has none
		batch, err := d.Store.MessagesBy(d.Request.Context(), d.user.ID, after, dataBatch)
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, m := range batch {
			if err := each(m); err != nil {
				return err
			}
		}
		after = batch[len(batch)-1]
	}
}

// requestTime is how long a part of a download may take to be read.
const requestTime = 30 * time.Second
