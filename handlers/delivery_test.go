package handlers

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/store/storetest"
)

// BenchmarkDelivery measures how long a message takes from its author to those
// who watch, while nobody else asks for anything, while 200 times a second
// somebody looks at the form to log in, and while as often somebody sends it.
// The last should be like the one before: hashing is what a flood of logins would
// take the machine with. Run it with -benchtime 400x or more, each a message.
func BenchmarkDelivery(b *testing.B) {
	const many = 200 // a second
	for _, tt := range []struct {
		name   string
		looks  int
		logins int
		limit  chat.Rate
	}{
		{name: "quiet"},
		{name: "forms looked at", looks: many},
		{name: "logins from one address", logins: many, limit: chat.Rate{Count: 10, Window: time.Minute}},
		{name: "logins from everywhere", logins: many}, // no address or account stands out: the hasher's bounds alone stop them
	} {
		b.Run(tt.name, func(b *testing.B) {
			s := newSite(b, func(c *Config) { c.LoginRate = tt.limit })
			s.failures.pace = together
			room := storetest.Room(b, s.Store, "dogs")
			ada := s.member("ada").withHTMX()
			base := s.serve()
			crowd := watch(s, base+room.Path()+"/events", 50)
			stopLooks := flood(b, tt.looks, func(client *http.Client) (*http.Response, error) { return client.Get(base + "/login") })
			stopLogins := flood(b, tt.logins, func(client *http.Client) (*http.Response, error) {
				return client.PostForm(base+"/login", credentials(aNonce()+"@example.com", "guess"))
			})
			pace := time.NewTicker(25 * time.Millisecond)
			defer pace.Stop()
			for range 40 { // until the flood is under way
				<-pace.C
			}
			posted := 0
			for b.Loop() {
				<-pace.C
				ada.postTo(base+room.Path()+"/messages", draft(fmt.Sprintf("sent-%d-", time.Now().UnixNano()), aNonce()))
				posted++
			}
			took := crowd.wait(b, posted)
			stopLooks()
			stopLogins()
			b.ReportMetric(0, "ns/op") // the pace, which tells nothing
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// crowd is those who watch a room, and how long each message took to each.
type crowd struct {
	viewers int
	arrived chan time.Duration
}

func watch(s *site, address string, viewers int) crowd {
	c := crowd{viewers, make(chan time.Duration, 1_000_000)}
	for range viewers {
		stream := s.guest().listen(address)
		go func() {
			for event := range stream.events {
				_, sent, found := strings.Cut(event.data, "sent-")
				at, _, _ := strings.Cut(sent, "-")
				if nanos, err := strconv.ParseInt(at, 10, 64); found && err == nil {
					c.arrived <- time.Since(time.Unix(0, nanos))
				}
			}
		}()
	}
	return c
}

// wait gives how long the messages took, the fastest first, when all are there.
func (c crowd) wait(b *testing.B, messages int) (took []time.Duration) {
	b.Helper()
	deadline := time.After(patience)
	for len(took) < messages*c.viewers {
		select {
		case one := <-c.arrived:
			took = append(took, one)
		case <-deadline:
			b.Fatalf("%d of %d deliveries came", len(took), messages*c.viewers)
		}
	}
	slices.Sort(took)
	return took
}

// flood asks so many times a second, until it is told to stop. It reports how
// many of the logins were looked into; the others must be told when to come back.
func flood(b *testing.B, rate int, ask func(*http.Client) (*http.Response, error)) (stop func()) {
	b.Helper()
	if rate == 0 {
		return func() {}
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * rate}}
	var under sync.WaitGroup
	var asked, hashed atomic.Int64
	one := func() {
		response, err := ask(client)
		if err != nil {
			b.Error(err)
			return
		}
		defer func() { _ = response.Body.Close() }()
		_, _ = io.Copy(io.Discard, response.Body)
		asked.Add(1)
		switch response.StatusCode {
		case http.StatusOK:
		case http.StatusUnprocessableEntity:
			hashed.Add(1)
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			if response.Header.Get("Retry-After") == "" {
				b.Errorf("status %d does not say when to come back", response.StatusCode)
			}
		default:
			b.Errorf("got status %d", response.StatusCode)
		}
	}
	begun, end, ended := time.Now(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second / time.Duration(rate))
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				under.Go(one)
			case <-end:
				return
			}
		}
	}()
	return func() {
		close(end)
		<-ended
		took := time.Since(begun).Seconds()
		under.Wait()
		client.CloseIdleConnections()
		b.ReportMetric(float64(asked.Load())/took, "requests/s")
		b.ReportMetric(float64(hashed.Load())/took, "hashes/s")
	}
}

// postTo sends a form over the network.
func (v *visitor) postTo(address string, form url.Values) {
	v.site.t.Helper()
	r, err := http.NewRequestWithContext(v.site.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		v.site.t.Fatal(err)
	}
	r.Header = v.header.Clone()
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	v.addCookies(r)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		v.site.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		v.site.t.Fatalf("%s: got status %d, %v", address, response.StatusCode, err)
	}
}
