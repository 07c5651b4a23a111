package handlers

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/twilightbark/twilightbark/assets"
	"github.com/twilightbark/twilightbark/live"
)

// writeTime is how long one write to a viewer may take. Who does not read for
// that long is cut, and resumes.
const writeTime = 10 * time.Second

// stream is an answer that goes on: events for htmx, or a page for browsers
// without scripts. One that asks for gzip gets its header, the frames' shared
// blocks, and at a clean end the trailer (RFC 1952).
type stream struct {
	kind string     // Content-Type
	head live.Frame // begins it
	beat live.Frame // breaks a silence
	tail live.Frame // ends it

	response http.ResponseWriter
	control  *http.ResponseController
	gzip     bool
	sum      uint32 // of all text so far
	size     uint32
}

// open sends the headers and what begins the stream.
func (s *stream) open(c *gin.Context) error {
	header := c.Writer.Header()
	header.Set("Content-Type", s.kind)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	header.Add("Vary", "Accept-Encoding")
	s.response, s.control, s.gzip = c.Writer, http.NewResponseController(c.Writer), assets.Accepts(c.Request, "gzip")
	c.Status(http.StatusOK)
	if s.gzip {
		header.Set("Content-Encoding", "gzip")
		if err := s.write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}); err != nil { // deflate; no name, no time
			return err
		}
	}
	return s.send(s.head)
}

// send writes frames at once; none at all is a heartbeat.
func (s *stream) send(frames ...live.Frame) error {
	if len(frames) == 0 {
		frames = []live.Frame{s.beat}
	}
	for _, frame := range frames {
		text := frame.Text
		if s.gzip {
			s.sum = crc32.Update(s.sum, crc32.IEEETable, text)
			s.size += uint32(len(text)) // modulo 2³², as the format has it
			text = frame.Deflated
		}
		if err := s.write(text); err != nil {
			return err
		}
	}
	return s.control.Flush()
}

// close ends the stream cleanly, with last words.
func (s *stream) close(last ...live.Frame) error {
	if err := s.send(append(last, s.tail)...); err != nil || !s.gzip {
		return err
	}
	trailer := []byte{1, 0, 0, 0xff, 0xff} // an empty last block
	trailer = binary.LittleEndian.AppendUint32(trailer, s.sum)
	trailer = binary.LittleEndian.AppendUint32(trailer, s.size)
	if err := s.write(trailer); err != nil {
		return err
	}
	return s.control.Flush()
}

func (s *stream) write(bytes []byte) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	_, err := s.response.Write(bytes)
	return err
}

var deflaters = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, flate.DefaultCompression) // fails for unknown levels only
	return w
}}

// frame gives bytes to send together with their compressed form: a deflate
// block that refers to nothing before it, so that all viewers can share it.
func frame(text []byte) live.Frame {
	var packed bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&packed)
	_, _ = w.Write(text) // a buffer takes all
	_ = w.Flush()
	return live.Frame{Text: text, Deflated: packed.Bytes()}
}

// event gives HTML as one Server-Sent Event. A carriage return ends a line
// there as a line feed does, so that each becomes a line of data.
func event(id string, html []byte) []byte {
	var b bytes.Buffer
	if id != "" {
		b.WriteString("id: " + id + "\n")
	}
	html = bytes.ReplaceAll(bytes.ReplaceAll(html, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	for line := range bytes.SplitSeq(html, []byte("\n")) {
		b.WriteString("data: ")
		b.Write(line)
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// named is an event that htmx hands on to the page instead of showing it. Its
// data is not empty, since an event without any is dropped.
func named(name string) []byte { return []byte("event: " + name + "\ndata: " + name + "\n\n") }
