package mail

import (
	"context"
	"strconv"
	"strings"
	"unicode"

	"github.com/twilightbark/twilightbark/chat"
	"github.com/twilightbark/twilightbark/views"
)

// composeNotice writes a letter to a member who is away: what was missed, with a
// way to each of it, and the way to have no more such letters.
func (s Site) composeNotice(ctx context.Context, letter chat.Letter, user chat.User, missed chat.Missed, token string) (Letter, error) {
	unsubscribe := s.URL + "/unsubscribe/" + token
	notice := views.NoticeLetterProps{
		Site: s.Name, URL: s.URL, Subject: s.noticeSubject(letter.Kind, missed), Greeting: "Hello " + user.Username + ",",
		News: s.news(missed), Unsubscribe: unsubscribe,
		Closing: "This is the only letter about it until you have been back.",
	}
	if letter.Kind == chat.DigestLetter {
		notice.Closing = "The next such letter comes in a day at the earliest, if there is anything new."
	}
	var html strings.Builder
	err := views.NoticeLetter(notice).Render(ctx, &html)
	return addressed(letter, Letter{Subject: notice.Subject, Text: noticeText(notice), HTML: html.String(), Unsubscribe: unsubscribe}), err
}

// noticeSubject says what a notice is about. Names of rooms and of people are
// others' words.
func (s Site) noticeSubject(kind chat.LetterKind, missed chat.Missed) string {
	var about string
	switch {
	case kind == chat.DigestLetter:
		return "Your day at " + s.Name
	case len(missed.Mentions) > 0:
		about = missed.Mentions[0].Author
		for _, m := range missed.Mentions {
			if m.Author != missed.Mentions[0].Author {
				about += " and others"
				break
			}
		}
		about += " named you"
	case len(missed.Rooms) == 1:
		about = "Something new in " + missed.Rooms[0].Name
	default:
		about = "Something new in " + strconv.Itoa(len(missed.Rooms)+missed.MoreRooms) + " rooms"
	}
	return oneLine(about) + " at " + s.Name
}

// news is what was missed, under what it is.
func (s Site) news(missed chat.Missed) (news []views.LetterNews) {
	if len(missed.Mentions) > 0 {
		named := views.LetterNews{Intro: "while you were away, you were named:"}
		for _, m := range missed.Mentions {
			named.Items = append(named.Items, views.LetterItem{
				Title: oneLine(m.Author + " in " + m.RoomName), Text: oneLine("“" + views.Excerpt(m) + "”"), Link: s.URL + m.Path(),
			})
		}
		if missed.MoreMentions {
			named.Items = append(named.Items, views.LetterItem{Title: "And there are more", Link: s.URL + "/mentions"})
		}
		news = append(news, named)
	}
	if len(missed.Rooms) > 0 {
		rooms := views.LetterNews{Intro: "in rooms that you follow there is something new:"}
		for _, room := range missed.Rooms {
			rooms.Items = append(rooms.Items, views.LetterItem{Title: oneLine(room.Name + ": " + newMessages(room)), Link: s.URL + room.Path()})
		}
		if missed.MoreRooms > 0 {
			rooms.Items = append(rooms.Items, views.LetterItem{Title: "And " + strconv.Itoa(missed.MoreRooms) + " more", Link: s.URL + "/"})
		}
		news = append(news, rooms)
	}
	if len(news) > 1 {
		news[1].Intro = "And in" + strings.TrimPrefix(news[1].Intro, "in")
	}
	return news
}

func newMessages(room chat.MissedRoom) string {
	count := strconv.FormatInt(room.Messages, 10)
	switch {
	case room.More:
		return "more than " + count + " new messages"
	case room.Messages == 1:
		return "1 new message"
	}
	return count + " new messages"
}

// noticeText is a notice for programs that show no HTML. What others wrote never
// begins a line of its own making, and links stand alone on theirs.
func noticeText(notice views.NoticeLetterProps) string {
	parts := []string{notice.Greeting}
	for _, news := range notice.News {
		parts = append(parts, news.Intro)
		for _, item := range news.Items {
			lines := []string{item.Title}
			if item.Text != "" {
				lines = append(lines, item.Text)
			}
			parts = append(parts, strings.Join(append(lines, item.Link), "\n"))
		}
	}
	parts = append(parts, notice.Closing, views.NoMoreLetters+":\n"+notice.Unsubscribe, "-- \n"+notice.Site+"\n"+notice.URL)
	return strings.Join(parts, "\n\n") + "\n"
}

// oneLine is a text without anything that could end its line or hide in it.
func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, text)), " ")
}
