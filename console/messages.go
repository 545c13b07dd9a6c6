package console

import (
	"errors"
	"slices"
	"strings"

	"homeroom/admin"
)

// messagesData is the list of messages.
type messagesData struct {
	workspace
	Messages []admin.MessageInfo `json:"messages"`
}

func (c *Console) showMessages(req *request) (*page, error) {
	w, err := c.openWorkspace(req)
	if err != nil {
		return nil, err
	}
	data := messagesData{workspace: w, Messages: []admin.MessageInfo{}}
	list, err := admin.Messages(w.folder)
	var uncompiled *admin.FolderError
	if err != nil && !errors.As(err, &uncompiled) {
		return nil, err
	}
	data.Messages = append(data.Messages, list...)
	return &page{name: "messages", title: "Messages", section: "messages", command: "homeroom messages list academy", data: data}, nil
}

// messageData is one message as learners get it.
type messageData struct {
	workspace
	Info    admin.MessageInfo `json:"message"`
	Locale  string            `json:"locale"`
	Preview admin.Preview     `json:"preview"`
	Files   []messageFile     `json:"files"`
	View    string            `json:"-"` // mail, phone or text
	Size    int               `json:"size"`
	Test    *testMailForm     `json:"test,omitempty"` // nil: the person may send none
}

// messageFile is a translation of a message.
type messageFile struct {
	Path   string `json:"path"`
	Locale string `json:"locale"` // empty: the default
}

func (c *Console) showMessage(req *request) (*page, error) {
	data, err := c.previewMessage(req)
	if err != nil {
		return nil, err
	}
	data.View = req.FormValue("view")
	if !slices.Contains([]string{"phone", "text"}, data.View) {
		data.View = "mail"
	}
	data.Size = len(data.Preview.HTML)
	data.Test = c.offerTestMail(req.person)
	return &page{name: "message", title: data.Info.Name, section: "messages", command: "homeroom rules render academy " + data.Info.Name, data: data}, nil
}

// frameMessage serves a mail's HTML for a frame, with a policy of its own.
func (c *Console) frameMessage(req *request) (*page, error) {
	data, err := c.previewMessage(req)
	if err != nil {
		return nil, err
	}
	return &page{raw: []byte(data.Preview.HTML), rawType: "text/html; charset=utf-8", policy: previewPolicy, data: data.Preview}, nil
}

func (c *Console) previewMessage(req *request) (messageData, error) {
	w, err := c.openWorkspace(req)
	if err != nil {
		return messageData{}, err
	}
	name := req.PathValue("message")
	data := messageData{workspace: w, Locale: req.FormValue("locale")}
	list, err := admin.Messages(w.folder)
	if err != nil {
		return messageData{}, err
	}
	at := slices.IndexFunc(list, func(m admin.MessageInfo) bool { return m.Name == name })
	if at < 0 {
		return messageData{}, errNoPage
	}
	data.Info = list[at]
	for _, locale := range data.Info.Locales {
		file := "messages/" + name + ".md"
		if locale != "" {
			file = "messages/" + name + "." + locale + ".md"
		}
		data.Files = append(data.Files, messageFile{Path: file, Locale: locale})
	}
	if strings.TrimSpace(data.Locale) != data.Locale {
		return messageData{}, errNoPage
	}
	data.Preview, err = admin.PreviewMessage(w.folder, admin.PreviewOptions{Message: name, Locale: data.Locale})
	return data, err
}
