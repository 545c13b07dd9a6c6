package console

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"homeroom/admin"
)

// listedBroadcasts is how many of the newest broadcasts the page lists.
const listedBroadcasts = 20

// broadcastsData is what concerns many: the broadcasts, and the rules that a person may start.
type broadcastsData struct {
	Broadcasts []admin.Broadcast     `json:"broadcasts"`        // never nil
	Rules      []admin.BroadcastRule `json:"rules"`             // in force; never nil
	Problem    string                `json:"problem,omitempty"` // why the broadcasts are not known; empty: they are
	CanStart   bool                  `json:"-"`
}

// Rows returns the broadcasts as the page prints them.
func (d broadcastsData) Rows() []broadcastData {
	rows := []broadcastData{}
	for n := range d.Broadcasts {
		rows = append(rows, broadcastData{Broadcast: &d.Broadcasts[n], CanStart: d.CanStart})
	}
	return rows
}

// Controllable reports whether the person may pause or end one of the broadcasts.
func (d broadcastsData) Controllable() bool {
	return d.CanStart && slices.ContainsFunc(d.Broadcasts, func(b admin.Broadcast) bool { return b.Live() })
}

// broadcastData is one broadcast, or a dry run of one.
type broadcastData struct {
	*admin.Broadcast
	CanStart bool `json:"-"`
}

// broadcastControls are the buttons of one broadcast, and the page that they come back to.
type broadcastControls struct {
	Broadcast broadcastData
	Path      string
}

func (c *Console) showBroadcasts(req *request) (*page, error) {
	data := broadcastsData{Broadcasts: []admin.Broadcast{}, CanStart: req.person.May(RoleApprover)}
	var err error
	if data.Rules, err = c.o.Installation.BroadcastRules(req.Context()); err != nil {
		return nil, err
	}
	list, err := c.o.Installation.Broadcasts(req.Context(), listedBroadcasts)
	if err != nil {
		data.Problem = err.Error()
	} else {
		data.Broadcasts = list
		for n := range list {
			hideCondition(req.person, &list[n])
		}
	}
	return &page{name: "broadcasts", title: "Broadcasts", section: "broadcasts", command: "homeroom broadcasts list", data: data}, nil
}

func (c *Console) showBroadcast(req *request) (*page, error) {
	found, err := c.o.Installation.FindBroadcast(req.Context(), req.PathValue("broadcast"))
	if err != nil {
		return nil, err
	}
	hideCondition(req.person, &found)
	data := broadcastData{Broadcast: &found, CanStart: req.person.May(RoleApprover)}
	shown := &page{name: "broadcast", title: "Broadcast " + found.ID, section: "broadcasts", command: "homeroom broadcasts list", data: data}
	if found.DryRun && len(found.Rules) == 1 {
		shown.title = "Dry run " + found.ID
		shown.command = broadcastCommand(&found) + " --dry-run"
	}
	return shown, nil
}

// hideCondition leaves out the condition of a broadcast, which may name a learner's address, for people who neither start broadcasts nor may see addresses.
func hideCondition(p Person, b *admin.Broadcast) {
	if !p.May(RoleApprover) && !p.May(RolePeople) {
		b.Audience = ""
	}
}

// broadcastCommand is the command that starts a broadcast for the audience of this one.
func broadcastCommand(b *admin.Broadcast) string {
	command := "homeroom broadcast " + b.Rules[0]
	if b.Course != "" {
		command += " --course " + quoteShell(b.Course)
	}
	if b.Audience != "" {
		command += " --audience " + quoteShell(b.Audience)
	}
	return command
}

// quoteShell quotes a word for a shell.
func quoteShell(word string) string {
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// countBroadcast begins to count whom a broadcast would reach.
func (c *Console) countBroadcast(req *request) (*page, error) {
	begun, err := c.as(req).BeginCount(req.Context(), admin.BroadcastOptions{
		Rule:     req.PostFormValue("rule"),
		Course:   strings.TrimSpace(req.PostFormValue("course")),
		Audience: req.PostFormValue("audience"),
	})
	if err != nil {
		return nil, err
	}
	return c.goTo(req, joinPath([]string{"/broadcasts", begun.ID}), "")
}

// startBroadcast starts what a dry run has counted.
func (c *Console) startBroadcast(req *request) (*page, error) {
	o := admin.BroadcastOptions{At: strings.TrimSpace(req.PostFormValue("at"))}
	if text := strings.TrimSpace(req.PostFormValue("rate")); text != "" {
		var err error
		if o.PerSecond, err = strconv.ParseFloat(text, 64); err != nil || o.PerSecond <= 0 {
			return nil, &admin.InputError{Err: fmt.Errorf("%q is no number of learners a second", text)}
		}
	}
	started, err := c.as(req).StartCounted(req.Context(), req.PathValue("broadcast"), o)
	if err != nil {
		return nil, err
	}
	return c.goTo(req, joinPath([]string{"/broadcasts", started.ID}), "It is started.")
}

// pauseBroadcast holds a broadcast back.
func (c *Console) pauseBroadcast(req *request) (*page, error) {
	return c.controlBroadcast(req, admin.BroadcastPause, "Paused. Nobody else is handed the event within a few seconds; messages that were decided already go out.")
}

// resumeBroadcast lets a broadcast go on.
func (c *Console) resumeBroadcast(req *request) (*page, error) {
	return c.controlBroadcast(req, admin.BroadcastResume, "It goes on.")
}

// cancelBroadcast ends a broadcast.
func (c *Console) cancelBroadcast(req *request) (*page, error) {
	return c.controlBroadcast(req, admin.BroadcastCancel, "Cancelled. Who was handed the event keeps it.")
}

func (c *Console) controlBroadcast(req *request, do admin.BroadcastCommand, notice string) (*page, error) {
	id := req.PathValue("broadcast")
	err := c.as(req).ControlBroadcast(req.Context(), id, do)
	if errors.Is(err, admin.ErrNoBroadcast) {
		_, err = c.o.Installation.FindBroadcast(req.Context(), id)
		notice = "It is over already."
	}
	if err != nil {
		return nil, err
	}
	return c.goTo(req, c.returnPath(req), notice)
}
