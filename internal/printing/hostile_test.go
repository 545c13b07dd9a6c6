package printing_test

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"homeroom/admin"
	"homeroom/catalog"
	"homeroom/deadletters"
	"homeroom/importer"
	"homeroom/internal/printing"
	"homeroom/simulate"
)

// hostile clears a screen, rings, turns the direction of text, and would begin a line of its own.
const hostile = "x\x1b[2J\x07\u202ey\tz\r\nFORGED"

// fill is how a value is filled: with hostile texts everywhere, or with zero values in some places, so that the other ways through a function are taken, too.
type fill struct {
	words   bool // texts of a type of their own (a kind, a reason) are hostile
	numbers int64
	yes     bool
	times   bool
}

// fillValue fills a value, and what it holds, a few levels deep.
func (f fill) fillValue(v reflect.Value, depth int) {
	if depth > 9 || !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.String:
		if f.words || v.Type() == reflect.TypeFor[string]() {
			v.SetString(hostile)
		}
	case reflect.Bool:
		v.SetBool(f.yes)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(f.numbers)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(f.numbers))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(float64(f.numbers) / 2)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fillValue(v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			f.fillValue(v.Index(i), depth+1)
		}
		if v.Type() == reflect.TypeFor[[]byte]() {
			v.SetBytes([]byte(hostile))
		}
	case reflect.Array:
		for i := range v.Len() {
			f.fillValue(v.Index(i), depth+1)
		}
	case reflect.Map:
		key := reflect.New(v.Type().Key()).Elem()
		value := reflect.New(v.Type().Elem()).Elem()
		f.fillValue(key, depth+1)
		f.fillValue(value, depth+1)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			if f.times {
				v.Set(reflect.ValueOf(time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)))
			}
			return
		}
		for i := range v.NumField() {
			f.fillValue(v.Field(i), depth+1)
		}
	case reflect.Interface:
		switch {
		case v.Type() == reflect.TypeFor[error]():
			v.Set(reflect.ValueOf(errors.New(hostile)))
		case v.NumMethod() == 0:
			v.Set(reflect.ValueOf(hostile))
		}
	default: // functions, channels and complex numbers are not printed
	}
}

// filled returns a value that is filled.
func filled[T any](f fill) T {
	var v T
	f.fillValue(reflect.ValueOf(&v).Elem(), 0)
	return v
}

// errHostile is an error as a learner's event brings it about.
var errHostile = errors.New(hostile)

// texts are what the package prints, by the function's name.
var texts = map[string]func(f fill) string{
	"AuditText":          func(f fill) string { return printing.AuditText(filled[admin.AuditLog](f)) },
	"KeysText":           func(f fill) string { return printing.KeysText(filled[[]admin.WriteKeyInfo](f)) },
	"BacktestText":       func(f fill) string { return printing.BacktestText(printing.IO{}, filled[*admin.Backtest](f)) },
	"CountChanges":       func(f fill) string { return printing.CountChanges(int(f.numbers)) },
	"DescribeBackground": func(f fill) string { return printing.DescribeBackground(filled[*admin.BackgroundBacktest](f)) },
	"BacktestsText":      func(f fill) string { return printing.BacktestsText(filled[[]admin.BackgroundBacktest](f)) },
	"DescribeCount":      func(f fill) string { return printing.DescribeCount(filled[*admin.Broadcast](f)) },
	"BroadcastsText":     func(f fill) string { return printing.BroadcastsText(filled[[]admin.Broadcast](f)) },
	"DeadLettersText":    func(f fill) string { return printing.DeadLettersText(printing.IO{}, filled[*deadletters.Summary](f)) },
	"LetterText": func(f fill) string {
		letter := filled[*deadletters.Letter](f)
		letter.Body = []byte("\x1b[2J\u202e") // the lines of a body are shown as lines
		return printing.LetterText(letter, errHostile)
	},
	"DoctorText":      func(f fill) string { return printing.DoctorText(printing.IO{}, filled[[]admin.Finding](f)) },
	"SetupText":       func(f fill) string { return printing.SetupText(printing.IO{}, filled[*admin.SetupResult](f)) },
	"EventsCheckText": func(f fill) string { return printing.EventsCheckText(filled[*admin.SourceTrial](f)) },
	"EventsStatusText": func(f fill) string {
		return printing.EventsStatusText(printing.IO{}, filled[*admin.EventsStatus](f), true)
	},
	"RemarksText":            func(f fill) string { return printing.RemarksText(filled[*admin.EventsStatus](f)) },
	"WatchedText":            func(f fill) string { return printing.WatchedText(printing.IO{}, filled[*admin.Watched](f)) },
	"MessagesText":           func(f fill) string { return printing.MessagesText(filled[[]admin.MessageInfo](f)) },
	"ImportText":             func(f fill) string { return printing.ImportText(filled[*importer.Result](f), hostile, time.Minute) },
	"DescribeSections":       func(f fill) string { return printing.DescribeSections(filled[*admin.LearnerDocument](f)) },
	"CountTable":             func(f fill) string { return printing.CountTable(filled[[]admin.LearnerCount](f)) },
	"CountLine":              func(f fill) string { return printing.CountLine(filled[[]admin.LearnerCount](f)) },
	"CarriedOutText":         func(f fill) string { return printing.CarriedOutText(filled[*admin.CarriedOut](f)) },
	"FailingText":            func(f fill) string { return printing.FailingText(filled[[]admin.LearnerFailing](f), 2) },
	"DeliveriesFailingText":  func(f fill) string { return printing.DeliveriesFailingText(filled[admin.DeliveriesFailing](f)) },
	"SetAsideText":           func(f fill) string { return printing.SetAsideText(filled[[]admin.LearnerSetAside](f)) },
	"LearnerRequestsText":    func(f fill) string { return printing.LearnerRequestsText(filled[[]admin.LearnerRequest](f)) },
	"ReportText":             func(f fill) string { return printing.ReportText(printing.IO{}, filled[*admin.Report](f), true) },
	"WeeksText":              func(f fill) string { return printing.WeeksText(printing.IO{}, filled[*admin.Report](f)) },
	"StepsText":              func(f fill) string { return printing.StepsText(filled[admin.StepCounts](f)) },
	"PublicationHistoryText": func(f fill) string { return printing.PublicationHistoryText(filled[*admin.PublicationHistory](f)) },
	"RulesStatusText":        func(f fill) string { return printing.RulesStatusText(filled[admin.RulesStatus](f)) },
	"DraftSchedulesText":     func(f fill) string { return printing.DraftSchedulesText(filled[[]admin.DraftSummary](f)) },
	"RisksText":              func(f fill) string { return printing.RisksText(filled[*admin.RiskList](f)) },
	"CalibrationText":        func(f fill) string { return printing.CalibrationText(filled[*admin.Calibration](f)) },
	"SourcesText":            func(f fill) string { return printing.SourcesText(filled[[]admin.ShippedSource](f)) },
	"SuppressionsText":       func(f fill) string { return printing.SuppressionsText(filled[[]admin.SuppressionRecord](f)) },
	"TestMailText":           func(f fill) string { return printing.TestMailText(filled[*admin.TestMail](f), f.yes) },
	"EndSentence":            func(fill) string { return printing.EndSentence("x") },
	"WriteStory": written(func(o printing.IO, f fill) error {
		return printing.WriteStory(o, filled[*admin.LearnerStory](f), hostile)
	}),
	"WriteSimulation": written(func(o printing.IO, f fill) error { return printing.WriteSimulation(o, filled[*simulate.Result](f)) }),
	"WriteWhyNot":     written(func(o printing.IO, f fill) error { return printing.WriteWhyNot(o, filled[*admin.WhyNot](f)) }),
	"WriteTrial": written(func(o printing.IO, f fill) error {
		trial := filled[*admin.SourceTrial](f)
		trial.Suggestion = "" // lines of YAML, in which package sources quotes names
		return printing.WriteTrial(o.Out, trial)
	}),
	"WriteCatalog": written(func(o printing.IO, _ fill) error {
		known, err := catalog.Default()
		if err != nil {
			return err
		}
		return printing.WriteCatalog(o.Out, known)
	}),
	"WriteSuppressionImport": written(func(o printing.IO, f fill) error {
		printing.WriteSuppressionImport(o.Out, filled[admin.SuppressionImport](f))
		return nil
	}),
	"WriteRemovals": written(func(o printing.IO, f fill) error {
		printing.WriteRemovals(o.Out, filled[[]admin.ProviderRemoval](f))
		return nil
	}),
	"WritePreferences": written(func(o printing.IO, f fill) error {
		printing.WritePreferences(o.Out, filled[[]admin.AddressOwner](f))
		return nil
	}),
}

// ownTexts are of the growth team's own files, which are shown as they are, and Table, which is tried by all that make one.
var ownTexts = map[string]bool{
	"WriteFolderCheck": true,
	"WriteTestRun":     true,
	"PreviewText":      true, // package content has taken what nobody sees out of values
	"DiffText":         true,
	"Table":            true,
}

// written returns what is printed to Out.
func written(write func(o printing.IO, f fill) error) func(f fill) string {
	return func(f fill) string {
		var out bytes.Buffer
		if err := write(printing.IO{Out: &out}, f); err != nil {
			return "FORGED " + err.Error()
		}
		return out.String()
	}
}

// fills are the ways in which each value is filled.
func fills() []fill {
	var all []fill
	for _, words := range []bool{false, true} {
		for _, numbers := range []int64{0, 3} {
			for _, yes := range []bool{false, true} {
				for _, times := range []bool{false, true} {
					all = append(all, fill{words: words, numbers: numbers, yes: yes, times: times})
				}
			}
		}
	}
	return all
}

// findHostile returns the lines of a text that steer a terminal, or that somebody made up.
func findHostile(text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.ContainsAny(line, "\x1b\x07\u202e\t\r") || strings.HasPrefix(line, "FORGED") {
			found = append(found, line)
		}
	}
	return found
}

// TestHostileTexts: whoever publishes an event writes ids, names, properties and errors that commands print later, and none of that steers a terminal or makes up a line.
func TestHostileTexts(t *testing.T) {
	for name, print := range texts {
		seen := false
		var found []string
		for _, f := range fills() {
			text := print(f)
			seen = seen || text != ""
			found = append(found, findHostile(text)...)
		}
		slices.Sort(found)
		for _, line := range slices.Compact(found) {
			t.Errorf("%s prints the line %q", name, line)
		}
		if !seen {
			t.Errorf("%s printed nothing", name)
		}
	}
}

// TestEveryTextIsTried: whatever function of the package prints is in texts, or says in ownTexts why it is not.
func TestEveryTextIsTried(t *testing.T) {
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !f.Name.IsExported() || strings.HasPrefix(f.Name.Name, "New") {
				continue
			}
			if texts[f.Name.Name] == nil && !ownTexts[f.Name.Name] {
				t.Errorf("no hostile text is tried with %s", f.Name.Name)
			}
		}
	}
}
