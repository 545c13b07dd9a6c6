package sendgrid

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"homeroom/delivery"
)

// ListFileOptions say what a file of addresses is.
type ListFileOptions struct {
	List   List              // which list it is; empty: each entry says so in its field "list"
	Topics map[string]string // by the name or id of a group: the topic that leaving it leaves
	Now    time.Time         // when an entry counts as listed that says no time, or one in the future
}

// ListRow is one entry of a file. Problem says why it cannot be used, without the address; empty: it can.
type ListRow struct {
	Number  int // of the entry, from 1
	Listed  delivery.Listed
	Problem string
}

// ReadListFile reads entries as SendGrid's pages export them in CSV, with a line of headers, or as its API answers them in JSON: an array of objects. The fields
// are email, created (unix seconds or RFC 3339; created_at too) and, of group unsubscribes, group_id and group_name; others are not read.
func ReadListFile(r io.Reader, o ListFileOptions, yield func(ListRow) error) error {
	in := bufio.NewReader(r)
	if mark, err := in.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" {
		_, _ = in.Discard(3)
	}
	for {
		first, err := in.Peek(1)
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("the file is empty: it needs a line of headers, or a JSON array")
		case err != nil:
			return err
		case strings.ContainsAny(string(first), " \t\r\n"):
			_, _ = in.Discard(1)
		case first[0] == '[':
			return readJSONList(in, o, yield)
		default:
			return readCSVList(in, o, yield)
		}
	}
}

func readJSONList(in io.Reader, o ListFileOptions, yield func(ListRow) error) error {
	decoder := json.NewDecoder(in)
	if _, err := decoder.Token(); err != nil {
		return fmt.Errorf("it is no JSON array: %w", err)
	}
	for number := 1; decoder.More(); number++ {
		var entry map[string]json.RawMessage
		if err := decoder.Decode(&entry); err != nil {
			return fmt.Errorf("entry %d is no JSON object, and the rest was not read", number)
		}
		if err := yield(o.newRow(number, func(name string) string { return jsonText(entry[name]) })); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return errors.New("the JSON array does not end: the file is cut")
	}
	return nil
}

// jsonText is a text or a number as it stands.
func jsonText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String()
	}
	return ""
}

func readCSVList(in io.Reader, o ListFileOptions, yield func(ListRow) error) error {
	reader := csv.NewReader(in)
	reader.FieldsPerRecord = -1
	reader.LazyQuotes = true // servers' words
	reader.ReuseRecord = true
	headers, err := reader.Read()
	if err != nil {
		return errors.New("the first line cannot be read: it needs the headers, such as email,created")
	}
	columns := make([]string, len(headers))
	for i, header := range headers {
		columns[i] = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(header)), " ", "_")
	}
	if !slices.Contains(columns, "email") {
		return errors.New("no column is called email: the first line needs the headers, such as email,created")
	}
	for number := 1; ; number++ {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("entry %d cannot be read as CSV, and the rest was not read", number)
		}
		row := o.newRow(number, func(name string) string {
			if i := slices.Index(columns, name); i >= 0 && i < len(record) {
				return withoutApostrophe(record[i])
			}
			return ""
		})
		if err := yield(row); err != nil {
			return err
		}
	}
}

// withoutApostrophe returns a cell without the apostrophe that keeps spreadsheets from taking it for a formula, as `homeroom suppressions export` writes it.
func withoutApostrophe(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune("=+-@\t\r\n", rune(cell[1])) {
		return cell[1:]
	}
	return cell
}

// newRow reads one entry by its fields.
func (o ListFileOptions) newRow(number int, field func(name string) string) ListRow {
	row := ListRow{Number: number}
	list := o.List
	if list == "" {
		list = List(strings.TrimSpace(field("list")))
	}
	if !slices.Contains(AllLists(), list) {
		row.Problem = fmt.Sprintf("it is not said which list it is of (%.40q is none)", list)
		return row
	}
	created := field("created")
	if created == "" {
		created = field("created_at")
	}
	at, known := parseListTime(strings.TrimSpace(created))
	if !known {
		row.Problem = fmt.Sprintf("%.40q is no time: write unix seconds or RFC 3339", created)
		return row
	}
	if at.IsZero() || at.After(o.Now) {
		at = o.Now
	}
	listed, says := list.entry(strings.TrimSpace(field("email")), at)
	if !says {
		for _, group := range []string{field("group_name"), field("group_id")} {
			if listed.Topic == "" {
				listed.Topic = o.Topics[strings.TrimSpace(group)]
			}
		}
		if listed.Topic == "" {
			row.Problem = fmt.Sprintf("no topic is named for the group %.60q", field("group_name")+field("group_id"))
		}
	}
	row.Listed = listed
	return row
}

// parseListTime reads a time; an empty text is the zero time.
func parseListTime(text string) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC(), seconds > 0 && seconds < 1<<40
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}
