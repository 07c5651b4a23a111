package handlers

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/twilightbark/twilightbark/live"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// Whatever streams get, in whatever order, and whatever they share, each reads as
// what it was sent.
func TestPackedFramesReadAsTheirText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringMatching(`(data: (hello|woof|<li id="m-[0-9]">)\n){0,40}`), 1, 8).Draw(t, "texts")
		texts = append(texts, strings.Repeat("more than a window holds ", 2000))
		frames := []live.Frame{{Deflated: emptyBlock}}
		for _, text := range texts {
			frames = append(frames, frame([]byte(text)))
		}
		for range 6 {
			var s stream
			var got bytes.Buffer
			want := ""
			for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(frames)-1), 0, 20).Draw(t, "sent") {
				want += string(frames[i].Text)
				got.Write(s.packed(frames[i]))
			}
			got.Write([]byte{1, 0, 0, 0xff, 0xff})
			read, err := io.ReadAll(flate.NewReader(&got))
			if err != nil || string(read) != want {
				t.Fatalf("got %.200q (%v), want %.200q", read, err, want)
			}
		}
	})
}

func TestAFrameIsPackedForFewPredecessors(t *testing.T) {
	f := frame([]byte("woof"))
	first := []byte("first")
	if one, again := f.After(first), f.After(first); one == nil || &one[0] != &again[0] {
		t.Error("who was sent the same before gets not the same block")
	}
	packed := 1
	for i := range 20 {
		if f.After([]byte("predecessor "+strconv.Itoa(i))) != nil {
			packed++
		}
	}
	if packed != mostFollowings {
		t.Errorf("it was packed %d times, want at most %d", packed, mostFollowings)
	}
}

func TestTypicalLiveMessageIsLightOnTheWire(t *testing.T) {
	s := newSite(t)
	room, ada := storetest.Room(t, s.Store, "dogs"), s.member("ada")
	w, address := newWire(t), s.serve()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/rooms/dogs/events?after=0-0", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", browserEncodings)
	response, err := w.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	unpacked, err := gzip.NewReader(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{TB: t, Response: &http.Response{Body: io.NopCloser(unpacked)}, events: make(chan received, 100), beats: make(chan string, 100)}
	go l.read()
	var texts, wires []int
	before := w.received.Load()
	for i := range 3 * len(talk) {
		ada.post(room.Path()+"/messages", draft(talk[i%len(talk)]+" "+strconv.Itoa(i*i), aNonce())).status(303)
		event := l.change()
		texts, wires = append(texts, len(event.data)), append(wires, int(w.received.Load()-before))
		before = w.received.Load()
	}
	slices.Sort(texts)
	slices.Sort(wires)
	half := len(texts) / 2
	t.Logf("%d bytes, %d on the wire; at most %d and %d", texts[half], wires[half], texts[len(texts)-1], wires[len(wires)-1])
	if texts[half] > 1000 || wires[half] > 300 {
		t.Errorf("a message takes %d bytes, and %d on the wire, want at most 1,000 and 300", texts[half], wires[half])
	}
}
