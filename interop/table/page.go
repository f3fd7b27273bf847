package table

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/rtctransport/rtctransport/interop/watch"
)

// pageText is the page, which draws what it is given; it needs nothing else.
//
//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// WritePage writes a page to look at: the table, and each handshake as a ladder.
func (t *Table) WritePage(w io.Writer) error {
	view := pageView{Began: t.Began.UTC().Format("2006-01-02 15:04 UTC"), Took: t.Took.Round(time.Second).String(), Host: t.Host, Library: t.Library}
	at := map[column]int{}
	for _, c := range t.columns() {
		at[c] = len(view.Columns)
		view.Columns = append(view.Columns, columnView{c.kind, c.peer, c.version, c.role})
	}
	for _, r := range t.Results {
		v := resultView{
			Column: at[column{r.Kind, r.Peer, r.Version, r.Role}], Case: r.Case, Verdict: r.Verdict, Why: r.Why,
			Took: fmt.Sprint(r.Took.Round(time.Millisecond)), Log: r.Log, Command: r.Command(),
		}
		for _, h := range r.Handshakes {
			v.Handshakes = append(v.Handshakes, newLadder(&h))
		}
		view.Results = append(view.Results, v)
	}
	data, err := json.Marshal(view)
	if err != nil {
		return err
	}
	// json.Marshal has escaped < and >, so that nothing in it ends the script.
	return pageTemplate.Execute(w, struct {
		Summary string
		Data    template.JS
	}{t.Summary(), template.JS(data)})
}

// What the page is given.
type (
	pageView struct {
		Began   string       `json:"began"`
		Took    string       `json:"took"`
		Host    string       `json:"host"`
		Library string       `json:"library"`
		Columns []columnView `json:"columns"`
		Results []resultView `json:"results"`
	}
	columnView struct {
		Kind    string `json:"kind"`
		Peer    string `json:"peer"`
		Version string `json:"version"`
		Role    string `json:"role"`
	}
	resultView struct {
		Column     int      `json:"column"`
		Case       string   `json:"case"`
		Verdict    Verdict  `json:"verdict"`
		Why        string   `json:"why,omitempty"`
		Took       string   `json:"took"`
		Command    string   `json:"command"`
		Log        []string `json:"log,omitempty"`
		Handshakes []ladder `json:"handshakes,omitempty"`
	}
	// A ladder is a handshake as it is drawn.
	ladder struct {
		Facts []string `json:"facts"`
		Rungs []rung   `json:"rungs"`
		More  int      `json:"more,omitempty"`
		Ours  []event  `json:"ours,omitempty"`
	}
	// A rung is a datagram.
	rung struct {
		Ms     float64    `json:"ms"` // since the first
		Client bool       `json:"client,omitempty"`
		Size   int        `json:"size"`
		Fate   string     `json:"fate,omitempty"`
		Again  bool       `json:"again,omitempty"` // all that is in the clear was sent before
		Parts  [][]string `json:"parts"`           // kind and text of each record or message

		// What our end says of it.
		Cause   string   `json:"cause,omitempty"`
		Taken   float64  `json:"taken,omitempty"` // when it took it, in milliseconds
		Dropped []string `json:"dropped,omitempty"`
	}
	// An event is something at our end.
	event struct {
		Ms   float64 `json:"ms"`
		Text string  `json:"text"`
		Bad  bool    `json:"bad,omitempty"`
	}
)

func newLadder(h *watch.Handshake) ladder {
	f := &h.Facts
	l := ladder{More: h.More, Rungs: []rung{}}
	add := func(ok bool, text string) {
		if ok {
			l.Facts = append(l.Facts, text)
		}
	}
	add(f.Version != "", f.Version)
	add(f.Suite != "", f.Suite)
	add(f.Group != "", f.Group)
	add(f.SRTP != "", f.SRTP)
	add(f.EMS, "extended master secret")
	add(f.Version != "" && !f.EMS, "no extended master secret")
	add(f.Offers13, "offers DTLS 1.3")
	add(f.Has13, "the server has DTLS 1.3")
	add(f.Cookie, "cookie")
	add(f.Resumed, "resumed")
	add(f.Ticket, "gives a ticket")
	add(f.Resent > 0, fmt.Sprintf("%d messages sent again", f.Resent))
	add(true, fmt.Sprintf("largest datagrams: client %d B, server %d B", f.Largest[0], f.Largest[1]))
	for i := range h.Datagrams {
		l.Rungs = append(l.Rungs, newRung(&h.Datagrams[i]))
	}
	for _, m := range h.Ours {
		l.Ours = append(l.Ours, event{milliseconds(m.At), m.Text, m.Bad})
	}
	return l
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// causes are words for why our end has sent a flight again, and for theirs that comes again.
var causes = map[string]string{"timeout": "no answer in time", "copy": "a second copy", "repeated": "asked for again", "again": "they repeat their flight"}

func newRung(d *watch.Datagram) rung {
	r := rung{
		Ms: milliseconds(d.At), Client: d.From == watch.Client, Size: d.Size, Fate: d.Fate, Parts: [][]string{},
		Cause: causes[d.Cause], Taken: milliseconds(d.Taken), Dropped: d.Dropped,
	}
	clear, again := 0, 0
	for _, record := range d.Records {
		switch {
		case record.Alert != "":
			r.Parts = append(r.Parts, []string{"alert", "Alert " + record.Alert})
		case len(record.Fragments) > 0:
			for _, f := range record.Fragments {
				clear++
				if f.Again {
					again++
				}
				text := f.Message
				if f.Length < f.Total {
					text += fmt.Sprintf(" %d–%d of %d", f.Offset, f.Offset+f.Length, f.Total)
				}
				r.Parts = append(r.Parts, []string{"clear", text})
			}
		case len(record.Inside) > 0:
			for _, text := range record.Inside {
				kind := "sealed"
				if strings.HasPrefix(text, "Alert ") {
					kind = "alert"
					if text == "Alert close_notify" {
						kind = "data"
					}
				}
				r.Parts = append(r.Parts, []string{kind, text})
			}
		case record.Epoch > 0 && record.Type == "Handshake":
			r.Parts = append(r.Parts, []string{"sealed", "Finished"}) // in DTLS 1.2 it is the only one, but for renegotiation
		case record.Epoch > 0:
			text := record.Type
			if text == "Alert" {
				text = "sealed alert"
			}
			r.Parts = append(r.Parts, []string{"data", text})
		default:
			r.Parts = append(r.Parts, []string{"clear", record.Type})
		}
	}
	r.Again = clear > 0 && clear == again
	return r
}
