package handlers

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
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
// blocks, and at a clean end the trailer (RFC 1952). A heartbeat is then a block
// without any text, which leaves the text before it where the next may refer to it.
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
	last     []byte // text sent; the frame's own slice
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
		if s.gzip {
			frames = []live.Frame{{Deflated: emptyBlock}}
		}
	}
	for _, frame := range frames {
		bytes := frame.Text
		if s.gzip {
			bytes = s.packed(frame)
		}
		if err := s.write(bytes); err != nil {
			return err
		}
	}
	return s.control.Flush()
}

// packed gives the frame's block, by which the stream goes on.
func (s *stream) packed(frame live.Frame) (block []byte) {
	if len(frame.Text) == 0 {
		return frame.Deflated
	}
	s.sum = crc32.Update(s.sum, crc32.IEEETable, frame.Text)
	s.size += uint32(len(frame.Text)) // modulo 2³², as the format has it
	if frame.After != nil && len(s.last) > 0 {
		block = frame.After(s.last)
	}
	s.last = frame.Text
	if block == nil {
		block = frame.Deflated
	}
	return block
}

// emptyBlock is a deflate block that holds nothing, and is not the last.
var emptyBlock = []byte{0, 0, 0, 0xff, 0xff}

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
// block that refers to nothing before it, so that all viewers can share it; and
// one that refers to what came before, for all who got the same before.
func frame(text []byte) live.Frame {
	after := &successor{text: text}
	return live.Frame{Text: text, Deflated: deflate(nil, text), After: after.block}
}

// deflate packs text for a stream that has just sent what is before it.
func deflate(before, text []byte) []byte {
	var packed bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&packed)
	_, _ = w.Write(before) // a buffer takes all
	_ = w.Flush()
	start := packed.Len()
	_, _ = w.Write(text)
	_ = w.Flush()
	return packed.Bytes()[start:]
}

// successor packs a text as it follows on others. Viewers of a room nearly all
// get the same frames one after the other; for the few that do not, the frame's
// own block will do.
type successor struct {
	text   []byte
	mu     sync.Mutex                  // guards what is added
	blocks atomic.Pointer[[]following] // never changed, but replaced
}

type following struct{ before, block []byte }

// mostFollowings bounds the work for one frame, however its viewers came to it.
const mostFollowings = 4

// block gives the text packed as it follows on before; or nil, when it follows on
// too many others already.
func (s *successor) block(before []byte) []byte {
	if block, known := s.known(before); known {
		return block
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	block, known := s.known(before)
	if known {
		return block
	}
	block = deflate(before, s.text)
	var blocks []following
	if now := s.blocks.Load(); now != nil {
		blocks = slices.Clone(*now)
	}
	blocks = append(blocks, following{before, block})
	s.blocks.Store(&blocks)
	return block
}

func (s *successor) known(before []byte) (block []byte, known bool) {
	blocks := s.blocks.Load()
	if blocks == nil {
		return nil, false
	}
	for _, f := range *blocks {
		if &f.before[0] == &before[0] && len(f.before) == len(before) {
			return f.block, true
		}
	}
	return nil, len(*blocks) == mostFollowings
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
