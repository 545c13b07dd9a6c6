package console

import (
	"strconv"
	"strings"

	"homeroom/admin"
	"homeroom/rules"
)

// typedFile is a file as it stands in somebody's editor, in its draft.
type typedFile struct {
	path  string
	files map[string][]byte // of the draft, with what is typed
}

// readTyped reads what an editor sends.
func (c *Console) readTyped(req *request) (typedFile, error) {
	if err := req.ParseForm(); err != nil {
		return typedFile{}, err
	}
	path := req.PostFormValue("path")
	if !rules.InFolder(path) {
		return typedFile{}, errNoPage
	}
	draft, err := c.openDraft(req)
	if err != nil {
		return typedFile{}, err
	}
	return typedFile{path: path, files: withFile(draft, path, strings.ReplaceAll(req.PostFormValue("content"), "\r\n", "\n"))}, nil
}

// problemsAnswer is what is wrong with a folder as it is typed.
type problemsAnswer struct {
	Problems rules.Problems `json:"problems"` // of the whole folder; never nil
}

// checkProblems compiles the folder with what is typed, and does nothing else: an editor waits for the answer.
func (c *Console) checkProblems(req *request) (*page, error) {
	typed, err := c.readTyped(req)
	if err != nil {
		return nil, err
	}
	return &page{json: true, data: problemsAnswer{Problems: append(rules.Problems{}, admin.LoadFiles(typed.files).Problems...)}}, nil
}

// completeFile answers what may stand at the place of an editor's cursor.
func (c *Console) completeFile(req *request) (*page, error) {
	typed, err := c.readTyped(req)
	if err != nil {
		return nil, err
	}
	return &page{json: true, data: rules.Complete(typed.files, typed.path, readOffset(req))}, nil
}

// hoverFile answers what a word in an editor means; without words there is nothing to say.
func (c *Console) hoverFile(req *request) (*page, error) {
	typed, err := c.readTyped(req)
	if err != nil {
		return nil, err
	}
	words, _ := rules.Hover(typed.files, typed.path, readOffset(req))
	return &page{json: true, data: words}, nil
}

// readOffset returns the place in the file that a request is about, in bytes; -1 if it names none.
func readOffset(req *request) int {
	offset, err := strconv.Atoi(req.PostFormValue("offset"))
	if err != nil {
		return -1
	}
	return offset
}
