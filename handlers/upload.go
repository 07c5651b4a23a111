package handlers

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/picture"
)

const (
	maxUpload  = 32 << 20        // bytes of a form with a file; what no picture may have is read past, so that the browser hears why it was refused
	uploadTime = 2 * time.Minute // for a slow line
	maxUploads = 8               // read at the same time
)

// uploadValue is the key of the file that a form brought.
const uploadValue = "upload"

// uploaded gives the file that the form brought, up to a byte more than a
// picture may have; it is nil if there was none.
func uploaded(c *gin.Context) []byte {
	file, _ := c.Value(uploadValue).([]byte)
	return file
}

// readUpload is readForm for a form that may bring a file. All is kept in
// memory, so nothing is left on the disk when the sender breaks off.
func (h *Handlers) readUpload(c *gin.Context) {
	kind, params, _ := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if reads(c.Request) || kind != "multipart/form-data" || params["charset"] != "" || c.GetHeader("Content-Encoding") != "" {
		h.readForm(c)
		return
	}
	select {
	case h.uploads <- struct{}{}:
		defer func() { <-h.uploads }()
	default:
		c.Header("Connection", "close")
		h.fail(c, &chat.Error{Kind: chat.Unavailable, Message: "Many pictures are on their way just now. Please try again in a moment.", After: 5 * time.Second})
		return
	}
	control := http.NewResponseController(c.Writer)
	_ = control.SetReadDeadline(time.Now().Add(uploadTime)) // a recorder in a test has none
	_ = control.SetWriteDeadline(time.Now().Add(uploadTime + 30*time.Second))
	var file []byte
	err := error(errFarTooLarge)
	if c.Request.ContentLength <= maxUpload {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxUpload)
		file, err = parseUpload(c.Request)
	}
	if err != nil {
		c.Header("Connection", "close")
		h.fail(c, err)
		return
	}
	c.Set(uploadValue, file)
}

// parseUpload reads a form of several parts, and gives the first of its files.
func parseUpload(r *http.Request) (file []byte, err error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, errDamagedForm
	}
	r.PostForm = url.Values{}
	for fields, size := 0, 0; fields <= maxFields && size <= maxBody; fields++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			r.Form = r.PostForm
			return file, nil
		}
		if err != nil {
			return nil, uploadProblem(err)
		}
		content, err := readPart(part)
		switch {
		case err != nil:
			return nil, uploadProblem(err)
		case part.FileName() == "":
			size += len(content)
			r.PostForm.Add(part.FormName(), string(content))
		case file == nil:
			file = content
		}
	}
	return nil, errDamagedForm
}

func readPart(part *multipart.Part) ([]byte, error) {
	most := int64(maxBody)
	if part.FileName() != "" {
		most = picture.MaxBytes
	}
	return io.ReadAll(io.LimitReader(part, most+1))
}

func uploadProblem(err error) error {
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return errFarTooLarge
	}
	return errDamagedForm
}

var errFarTooLarge = &refusal{http.StatusRequestEntityTooLarge, "This file is far too large: a picture has at most 5 MB."}
