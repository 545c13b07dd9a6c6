package console

import (
	"encoding/json"
	"errors"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"homeroom/admin"
	"homeroom/rules"
)

// workspace is the folder that a page is about: a draft, compiled.
type workspace struct {
	Draft    admin.Draft        `json:"-"`
	Summary  admin.DraftSummary `json:"draft"`
	Problems rules.Problems     `json:"problems"` // of the whole folder
	Mine     bool               `json:"mine"`
	folder   *admin.Folder
}

// openDraft returns the draft that a request names, or the person's own.
func (c *Console) openDraft(req *request) (admin.Draft, error) {
	if id := req.FormValue("draft"); id != "" && id != admin.DraftID(req.person.Name) {
		return c.o.Installation.Draft(req.Context(), id)
	}
	return c.o.Installation.DraftOf(req.Context(), req.person.Name)
}

// openWorkspace returns the draft that a request names, or the person's own, compiled.
func (c *Console) openWorkspace(req *request) (workspace, error) {
	draft, err := c.openDraft(req)
	if err != nil {
		return workspace{}, err
	}
	return c.newWorkspace(draft, req.person), nil
}

func (c *Console) newWorkspace(draft admin.Draft, person Person) workspace {
	return workspaceOf(draft, person, c.folders.compileFiles(draft.Files))
}

// typedWorkspace returns a draft with what is typed of a file, compiled. The draft itself stays as it is.
func (c *Console) typedWorkspace(draft admin.Draft, person Person, file, content string) workspace {
	if saved, exists := draft.Files[file]; exists && string(saved) == content {
		return c.newWorkspace(draft, person)
	}
	return workspaceOf(draft, person, admin.LoadFiles(withFile(draft, file, content)))
}

func workspaceOf(draft admin.Draft, person Person, folder *admin.Folder) workspace {
	return workspace{
		Draft:    draft,
		Summary:  draft.Summary(),
		Problems: append(rules.Problems{}, folder.Problems...),
		Mine:     draft.ID == admin.DraftID(person.Name),
		folder:   folder,
	}
}

// Errors returns how many problems keep the folder from being published.
func (w workspace) Errors() int { return w.Problems.Errors() }

// rulesData is the list of rules.
type rulesData struct {
	workspace
	Rules []ruleRow `json:"rules"`
	// Uncompiled lists the rule files of a folder that does not compile.
	Uncompiled []string `json:"uncompiled,omitempty"`
	// LiveAge is how old the counts of learners under way are, if they are known.
	LiveAge   time.Duration `json:"-"`
	LiveKnown bool          `json:"-"`
}

type ruleRow struct {
	admin.RuleSummary
	Live int64 `json:"live"` // learners who are under way; -1: not known
}

func (c *Console) showRules(req *request) (*page, error) {
	w, err := c.openWorkspace(req)
	if err != nil {
		return nil, err
	}
	data := rulesData{workspace: w, Rules: []ruleRow{}}
	list, err := admin.RuleList(w.folder)
	var uncompiled *admin.FolderError
	switch {
	case errors.As(err, &uncompiled):
		for file := range w.Draft.Files {
			if name, ok := strings.CutPrefix(file, "rules/"); ok {
				data.Uncompiled = append(data.Uncompiled, strings.TrimSuffix(name, ".yaml"))
			}
		}
		slices.Sort(data.Uncompiled)
	case err != nil:
		return nil, err
	}
	live, age := c.countLive(req, countsPatience)
	data.LiveAge = age.Round(time.Second)
	data.LiveKnown = live != nil
	for _, r := range list {
		r.Changed = slices.Contains(w.Draft.Changed, "rules/"+r.Name+".yaml")
		row := ruleRow{RuleSummary: r, Live: -1}
		if data.LiveKnown {
			row.Live = live[r.Name]
		}
		data.Rules = append(data.Rules, row)
	}
	return &page{name: "rules", title: "Rules", section: "rules", command: "homeroom rules status", data: data}, nil
}

// fileData is one file of a draft in the editor.
type fileData struct {
	Path     string         `json:"path"`
	Content  string         `json:"content"`
	Revision uint64         `json:"revision"` // of the draft that the editor saw
	New      bool           `json:"new"`
	Problems rules.Problems `json:"problems"`
	Others   rules.Problems `json:"other_problems"` // of other files, errors only
	// Refused says why what was typed was not saved. The text is kept.
	Refused   string        `json:"refused,omitempty"`
	CheckTime time.Duration `json:"-"`
	CanEdit   bool          `json:"-"`
}

// newFileData describes a file of a workspace with the content that the editor holds.
func newFileData(w *workspace, file, content string, took time.Duration, canEdit bool) fileData {
	_, exists := w.Draft.Files[file]
	data := fileData{
		Path:      file,
		Content:   content,
		Revision:  w.Draft.Revision,
		New:       !exists,
		Problems:  rules.Problems{},
		CheckTime: took.Round(time.Millisecond),
		CanEdit:   canEdit,
	}
	for _, p := range w.Problems {
		switch {
		case p.File == file:
			data.Problems = append(data.Problems, p)
		case !p.Warning:
			data.Others = append(data.Others, p)
		}
	}
	return data
}

// ProblemsJSON returns the problems of the file for the editor's script.
func (f fileData) ProblemsJSON() (string, error) {
	text, err := json.Marshal(f.Problems)
	return string(text), err
}

// ruleData is the page of one rule.
type ruleData struct {
	workspace
	File fileData       `json:"file"`
	View admin.RuleView `json:"rule"`
	// Counts are what runs did lately, under whatever revision.
	Counts ruleCounts `json:"counts"`
}

func (c *Console) showRule(req *request) (*page, error) {
	draft, err := c.openDraft(req)
	if err != nil {
		return nil, err
	}
	name := req.PathValue("rule")
	file := "rules/" + name + ".yaml"
	content, exists := draft.Files[file]
	if !exists {
		if !rules.InFolder(file) {
			return nil, errNoPage
		}
		content = []byte(newRule(name))
	}
	return c.rulePage(req, draft, file, string(content), "")
}

// rulePage shows a rule file of a draft as somebody has typed it.
func (c *Console) rulePage(req *request, draft admin.Draft, file, content, refused string) (*page, error) {
	began := time.Now()
	w := c.typedWorkspace(draft, req.person, file, content)
	name := strings.TrimSuffix(path.Base(file), ".yaml")
	data := ruleData{workspace: w, File: newFileData(&w, file, content, time.Since(began), req.person.May(RoleEditor))}
	data.File.Refused = refused
	var err error
	if data.View, err = admin.ViewRule(req.Context(), w.folder, name); err != nil {
		return nil, err
	}
	if data.View.Flow != nil {
		data.Counts = c.countsOf(req, name)
	}
	return &page{name: "rule", title: name, section: "rules", command: "homeroom rules explain academy " + name, editor: true, data: data}, nil
}

// withFile returns the files of a draft with another content of one of them.
func withFile(draft admin.Draft, file, content string) map[string][]byte {
	files := maps.Clone(draft.Files)
	if files == nil {
		files = map[string][]byte{}
	}
	files[file] = []byte(content)
	return files
}

// newRule is what a new rule begins as.
func newRule(name string) string {
	return "rule: " + name + "\nabout: >\n  Say what it is for.\nwhen:\n  event: course.completed\nper: course_id\ndo:\n  - wait: 2h\n  - send: " + name + "\n"
}

// newMessage is what a new message begins as.
const newMessage = "---\nsubject: \"{{ course.title }}\"\n---\nHello {{ learner.first_name }},\n\n"

// showFile shows any file of a draft in the editor.
func (c *Console) showFile(req *request) (*page, error) {
	draft, err := c.openDraft(req)
	if err != nil {
		return nil, err
	}
	file := req.FormValue("path")
	switch {
	case !rules.InFolder(file):
		return nil, errNoPage
	case strings.HasPrefix(file, "rules/"):
		return c.goTo(req, "/rules/"+strings.TrimSuffix(path.Base(file), ".yaml"), "")
	}
	content, exists := draft.Files[file]
	if !exists && strings.HasPrefix(file, "messages/") {
		content = []byte(newMessage)
	}
	return c.filePage(req, draft, file, string(content), "")
}

func (c *Console) filePage(req *request, draft admin.Draft, file, content, refused string) (*page, error) {
	began := time.Now()
	w := c.typedWorkspace(draft, req.person, file, content)
	data := ruleData{workspace: w, File: newFileData(&w, file, content, time.Since(began), req.person.May(RoleEditor))}
	data.File.Refused = refused
	section := "settings"
	if strings.HasPrefix(file, "messages/") {
		section = "messages"
	}
	return &page{name: "file", title: file, section: section, editor: true, data: data}, nil
}

// editorPage shows the page on which a file is edited.
func (c *Console) editorPage(req *request, draft admin.Draft, file, content, refused string) (*page, error) {
	if strings.HasPrefix(file, "rules/") {
		return c.rulePage(req, draft, file, content, refused)
	}
	return c.filePage(req, draft, file, content, refused)
}

// saveFile saves a file of a draft. If it cannot be saved, the page keeps what was typed.
func (c *Console) saveFile(req *request) (*page, error) {
	if err := req.ParseForm(); err != nil {
		return nil, err
	}
	draft, err := c.openDraft(req)
	if err != nil {
		return nil, err
	}
	file := req.PostFormValue("path")
	content := strings.ReplaceAll(req.PostFormValue("content"), "\r\n", "\n")
	edit := admin.FileEdit{Path: file, Content: []byte(content)}
	if req.PostFormValue("action") == "remove" {
		edit.Content = nil
	}
	seen, err := strconv.ParseUint(req.PostFormValue("revision"), 10, 64)
	if err != nil {
		return nil, errors.New("the form does not say which version of the draft it is about")
	}
	base := draft
	base.Revision = seen
	saved, err := c.as(req).SaveDraft(req.Context(), base, edit, req.person.Name)
	if err != nil {
		status := statusOf(err)
		p, lookup := c.editorPage(req, draft, file, content, err.Error())
		if lookup != nil {
			return nil, err
		}
		p.status = status
		return p, nil
	}
	if edit.Content == nil {
		return c.goTo(req, "/rules", file+" is removed from the draft.")
	}
	if req.Header.Get(partHeader) != "" || wantsJSON(req.Request) {
		return c.editorPage(req, saved, file, content, "")
	}
	query := ""
	if saved.ID != admin.DraftID(req.person.Name) {
		query = "?draft=" + saved.ID
	}
	if strings.HasPrefix(file, "rules/") {
		return c.goTo(req, "/rules/"+strings.TrimSuffix(path.Base(file), ".yaml")+query, "Saved.")
	}
	if query == "" {
		query = "?"
	} else {
		query += "&"
	}
	return c.goTo(req, "/files"+query+"path="+file, "Saved.")
}

// checkFile compiles the folder with what is typed and saves nothing.
func (c *Console) checkFile(req *request) (*page, error) {
	if err := req.ParseForm(); err != nil {
		return nil, err
	}
	draft, err := c.openDraft(req)
	if err != nil {
		return nil, err
	}
	file := req.PostFormValue("path")
	if !rules.InFolder(file) {
		return nil, errNoPage
	}
	return c.editorPage(req, draft, file, strings.ReplaceAll(req.PostFormValue("content"), "\r\n", "\n"), "")
}
