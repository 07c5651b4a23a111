package e2e

import (
	"math"
	"testing"
)

// scrollUp moves the log, and gives the message that then is the first in view
// with its place on the screen.
func (b *tab) scrollUp(pixels int) (number string, top float64) {
	b.t.Helper()
	at := look[struct {
		Number string
		Top    float64
	}](b, `(() => {
		eye.log().scrollBy(0, -`+js(pixels)+`);
		const number = eye.firstInView();
		return {Number: number, Top: eye.top(number)};
	})()`)
	return at.Number, at.Top
}

// drawn waits until what was done is on the screen. Only from then on does the
// browser hold the place of a reader who has scrolled.
func (b *tab) drawn() {
	b.t.Helper()
	look[bool](b, `(async () => {
		for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
		return true;
	})()`)
}

// stays checks that the message is where it was on the screen.
func (b *tab) stays(number string, top, tolerance float64, during string) {
	b.t.Helper()
	if moved := look[float64](b, `eye.top(`+js(number)+`)`) - top; math.Abs(moved) > tolerance {
		b.t.Errorf("%s message %s moved by %.1f px on the screen", during, number, moved)
	}
}

func TestReaderIsNotMoved(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.member("ada")
	room := ada.open("Dogs")
	ada.chatter(room, 60)
	eve := guest(t)
	eve.enter(s, room)
	eve.sees("the room opens at its end", `eye.atEnd()`)
	ada.post(room, "Who is at the end")
	eve.hears("Who is at the end")
	ada.post(room, "stays there,\nalso when\na message\nis tall.")
	eve.hears("stays there,\nalso when\na message\nis tall.")
	eve.sees("the log follows", `eye.atEnd()`)

	for round := range 2 { // the link must work again after it has led there once
		number, top := eve.scrollUp(700)
		eve.drawn()
		for _, text := range []string{"But who reads", "further up\nis not\ndisturbed", "by what is new."} {
			ada.post(room, text)
		}
		eve.isCurrent(s)
		eve.stays(number, top, 1, "while new messages came")
		if look[bool](eve, `eye.atEnd()`) {
			t.Error("the reader was taken to the end")
		}
		eve.press("Newest")
		eve.sees("one press leads to the end", `eye.atEnd()`)
		ada.post(room, "There the log follows again.")
		eve.isCurrent(s)
		eve.sees("the log follows again", `eye.atEnd()`)
		if rows := eve.rows(); rows[len(rows)-1].Text != "There the log follows again." {
			t.Errorf("round %d: the last message is %+v", round, rows[len(rows)-1])
		}
	}
}

func TestOlderMessagesLoadWhileScrolling(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.member("ada")
	room := ada.open("Dogs")
	const count = 430
	ada.chatter(room, count)
	eve := guest(t)
	eve.enter(s, room)
	if got := len(eve.rows()); got != 80 {
		t.Fatalf("the room opens with %d messages, want page 8 and the 30 of page 9", got)
	}
	pages := 0
	for have := 80; have < count; pages++ {
		number, top := eve.scrollUp(1_000_000)
		eve.sees("older messages", `eye.rows(document).length > `+js(have))
		eve.stays(number, top, 2, "while older messages were loaded,")
		got := len(eve.rows())
		if got != have+50 {
			t.Fatalf("at the top %d messages were loaded, want one page of 50", got-have)
		}
		have = got
	}
	if pages != 7 {
		t.Errorf("%d pages were loaded, want 7", pages)
	}
	eve.scrollUp(1_000_000)
	if look[bool](eve, `!!document.querySelector("#older")`) {
		t.Error("above the first message there is a link to older ones")
	}
	ada.post(room, "And the live goes on.")
	eve.isCurrent(s)
	if rows := eve.rows(); len(rows) != count+1 || rows[0].Number != 1 {
		t.Errorf("the page shows %d messages from %d on, want all %d", len(rows), rows[0].Number, count+1)
	}
}

// A page left open keeps the newest pages of what it has seen. The rest folds
// into one link, which unfolds page by page where it is.
func TestPageLeftOpenStaysSmall(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.member("ada")
	room := ada.open("Dogs")
	const before, after = 130, 14 * 50
	ada.chatter(room, before)
	eve := guest(t)
	eve.enter(s, room)
	look[bool](eve, `(() => {
		eye.most = eye.folds = 0;
		new MutationObserver(() => {
			eye.most = Math.max(eye.most, document.querySelectorAll("[data-number]").length);
			eye.folds = Math.max(eye.folds, document.querySelectorAll("[id^=fold-]").length);
		}).observe(document.body, {childList: true, subtree: true});
		return true;
	})()`)
	ada.chatter(room, after)
	eve.isCurrent(s)
	eve.sees("the log followed", `eye.atEnd()`)
	if most := look[int](eve, `eye.most`); most > 550 {
		t.Errorf("the page held up to %d messages, want at most 550", most)
	}
	if got := len(eve.rows()); got < 400 {
		t.Errorf("the page holds %d messages, want 400 at least", got)
	}

	have := len(eve.rows())
	number, top := eve.scrollUp(1_000_000)
	eve.sees("page 1 and the page that folded last", `eye.rows(document).length >= `+js(have+100))
	eve.stays(number, top, 2, "while both links at the top were followed,")
	if got := len(eve.rows()); got != have+100 {
		t.Errorf("at the top %d messages were loaded, want two pages", got-have)
	}
	for step := 0; look[bool](eve, `!!document.querySelector("[id^=fold-], #older")`); step++ {
		if step == 300 {
			t.Fatalf("after %d steps up the beginning is not reached", step)
		}
		number, top = eve.scrollUp(200)
		fold := look[string](eve, `eye.foldNear()`)
		if fold == "" {
			continue
		}
		eve.sees("the messages in between", `eye.foldNear() !== `+js(fold))
		eve.stays(number, top, 2, "while messages unfolded,")
	}
	if most := look[int](eve, `eye.folds`); most != 1 {
		t.Errorf("there were up to %d folds at once, want 1", most)
	}
	for i, row := range eve.rows() {
		if row.Number != int64(i+1) {
			t.Fatalf("message %d stands in place %d", row.Number, i+1)
		}
	}
	eve.isCurrent(s)
}
