//go:build browser

package browser_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"homeroom/dev/browser"
)

// pictureBudget is how large all pictures together may be, in bytes: everybody who clones the repository gets them.
const pictureBudget = 1_500_000

// The middle of a desk's screen, where the page is, and a phone. The heights are what a picture has at least.
var (
	onDesk  = browser.Screen{Name: "desktop", Width: 1280, Height: 460}
	onPhone = browser.Screen{Name: "phone", Width: 390, Height: 520, Phone: true}
)

const deskPart = 720 // of the width, in the middle

// TestPictures takes the pictures of docs/images, and writes them with -write: by day on the left or above, by night on
// the right or below.
func TestPictures(t *testing.T) {
	s := newStand(t)
	pages := make(map[string]func(*testing.T))
	for _, p := range edgePages() {
		pages[p.name] = func(t *testing.T) { s.show(t, p, "en", fernhill) }
	}
	_, mails := academyMails(t)
	mailTab, root := serve(t, mailbox(mails))
	total := 0
	for _, sheet := range []struct {
		file  string
		pages []string // of the edge; none: the mail
	}{
		{"mail", nil},
		{"unsubscribe", []string{"unsubscribe", "unsubscribed", "back"}},
		{"preferences", []string{"preferences"}},
		{"preferences-states", []string{"saved", "stopped", "suppressed"}},
		{"notices", []string{"not found", "expired", "too many requests", "unavailable"}},
	} {
		t.Run(sheet.file, func(t *testing.T) {
			tab := s.tab
			show := sheet.pages
			if show == nil {
				tab = mailTab
				show = []string{"certificate-ready"}
			}
			var desk, phone [][][]byte
			for i, name := range show {
				if tab == mailTab {
					open(t, tab, root+"/"+name, http.StatusOK)
				} else {
					pages[name](t)
				}
				desk = append(desk, [][]byte{take(t, tab, onDesk, false), take(t, tab, onDesk, true)})
				if i == 0 {
					phone = make([][][]byte, 2)
				}
				phone[0] = append(phone[0], take(t, tab, onPhone, false))
				phone[1] = append(phone[1], take(t, tab, onPhone, true))
			}
			if len(show) == 1 {
				phone = [][][]byte{{phone[0][0], phone[1][0]}}
			}
			total += write(t, sheet.file+"-desktop.png", desk)
			total += write(t, sheet.file+"-phone.png", phone)
		})
	}
	if total > pictureBudget {
		t.Errorf("the pictures are %d bytes, more than %d", total, pictureBudget)
	}
}

// take takes a picture of the page that is open.
func take(t *testing.T, tab *browser.Tab, screen browser.Screen, dark bool) []byte {
	t.Helper()
	screen.Dark = dark
	must(t, tab.Show(screen))
	left := int64(0)
	width := screen.Width
	if !screen.Phone {
		left = (screen.Width - deskPart) / 2
		width = deskPart
	}
	picture, err := tab.Picture(left, width)
	must(t, err)
	return picture
}

// write makes one picture of many, writes it if it is asked for, and returns its size.
func write(t *testing.T, name string, rows [][][]byte) int {
	t.Helper()
	sheet, err := browser.Sheet(rows)
	must(t, err)
	small, err := browser.Small(sheet)
	must(t, err)
	if *pictures != "" {
		must(t, os.WriteFile(filepath.Join(*pictures, name), small, 0o644))
	}
	return len(small)
}
