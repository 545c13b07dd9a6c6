package content

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/osteele/liquid/expressions"
	"github.com/osteele/liquid/filters"
	"github.com/osteele/liquid/render"
	"github.com/osteele/liquid/tags"

	"homeroom/internal/locale"
)

// sheetKey is where a template finds its sheet among its variables; no template can name it.
const sheetKey = "\x00sheet"

// liquidFilters are the filters that messages may use.
var liquidFilters = []string{
	"abs", "append", "capitalize", "ceil", "compact", "concat", "date", "default", "divided_by", "downcase", "escape",
	"first", "floor", "join", "last", "lstrip", "map", "minus", "modulo", "money", "number", "plus", "prepend", "remove", "remove_first",
	"replace", "replace_first", "reverse", "round", "rstrip", "size", "slice", "sort", "sort_natural", "split", "strip",
	"strip_newlines", "times", "truncate", "truncatewords", "uniq", "upcase", "url_decode", "url_encode",
}

// dialect is Liquid as messages speak it: strict, escaped where it prints, and with tags of its own.
type dialect struct{ config render.Config }

// liquid returns the dialect. It is built once and only read afterwards.
var liquid = sync.OnceValue(func() *dialect { return newDialect(locale.FormatOf("")) })

// dialects are those in use, by the name of their format. There are no more than locales that are known.
var dialects sync.Map

// dialectFor returns the dialect that writes dates and numbers in a format. Templates compiled by one dialect are rendered by any.
func dialectFor(format locale.Format) *dialect {
	if d, ok := dialects.Load(format.Name); ok {
		return d.(*dialect)
	}
	d, _ := dialects.LoadOrStore(format.Name, newDialect(format))
	return d.(*dialect)
}

func newDialect(format locale.Format) *dialect {
	d := &dialect{config: render.NewConfig()}
	c := &d.config
	filters.AddStandardFilters(c)
	tags.AddStandardTags(*c)
	c.AddFilter("escape", func(v any) any { return v }) // everything is escaped where it is printed
	c.AddFilter("url_encode", func(s string) encoded { return encoded(percentEncode(s)) })
	c.AddFilter("url_decode", url.PathUnescape)
	// These two can double a text with every line of a template.
	c.AddFilter("append", func(s, more string) (string, error) { return joinTexts(s, more) })
	c.AddFilter("prepend", func(s, more string) (string, error) { return joinTexts(more, s) })
	c.AddFilter("date", func(v any, layout func(string) string) (string, error) { return formatDate(format, v, layout("")) })
	c.AddFilter("money", func(v any, code func(string) string) (string, error) { return formatMoney(format, v, code("")) })
	c.AddFilter("number", func(v any, decimals func(int) int) (string, error) {
		number, err := numberOf(v)
		return format.Number(number, decimals(0)), err
	})
	c.AddTag("out", compileOut)
	c.AddTag("need", compileNeed)
	c.AddTag("needlist", compileNeedList)
	c.AddTag("button", d.compileButton)
	c.AddTag("share", func(string) (tagRenderer, error) { return writeShare, nil })
	return d
}

// tagRenderer writes what a tag stands for.
type tagRenderer = func(io.Writer, render.Context) error

// encoded is text that is percent-encoded already.
type encoded string

// maxValue is how long a text that a template puts together may become, in bytes.
const maxValue = 64 << 10

func joinTexts(a, b string) (string, error) {
	if len(a)+len(b) > maxValue {
		return "", fmt.Errorf("the text becomes longer than %d KiB", maxValue>>10)
	}
	return a + b, nil
}

// percentEncode encodes a value for any place in a URL; spaces become %20.
func percentEncode(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// formatDate formats a time. It differs from the library's filter in that there is no "now".
func formatDate(format locale.Format, v any, layout string) (string, error) {
	switch v := v.(type) {
	case time.Time:
		return format.Date(v, layout), nil
	case string:
		if v == SampleText { // a text that may be a date
			return format.Date(sampleTime, layout), nil
		}
		for _, l := range []string{time.RFC3339, time.DateTime, time.DateOnly} {
			if t, err := time.Parse(l, v); err == nil {
				return format.Date(t, layout), nil
			}
		}
	}
	return "", errors.New("date needs a time")
}

// formatMoney formats an amount of a currency.
func formatMoney(format locale.Format, v any, code string) (string, error) {
	amount, err := numberOf(v)
	if err != nil {
		return "", err
	}
	switch code {
	case "":
		return "", errors.New(`money needs its currency: {{ trigger.price | money: "EUR" }}`)
	case SampleText:
		code = "EUR"
	}
	return format.Money(amount, code)
}

// numberOf returns a number, or a text that is one.
func numberOf(v any) (float64, error) {
	switch v := v.(type) {
	case float64:
		return v, nil
	case int:
		return float64(v), nil
	case int64:
		return float64(v), nil
	case string:
		if n, err := strconv.ParseFloat(v, 64); err == nil && n-n == 0 {
			return n, nil
		}
	}
	return 0, errors.New("a number is needed here")
}

// compileOut compiles `{% out x %}`, which stands for `{{ x }}`.
func compileOut(args string) (tagRenderer, error) {
	value, err := expressions.Parse(args)
	if err != nil {
		return nil, syntaxError(args)
	}
	need, err := compileNeed(args)
	if err != nil {
		return nil, err
	}
	return func(w io.Writer, ctx render.Context) error {
		if err := need(w, ctx); err != nil {
			return err
		}
		v, err := ctx.Evaluate(value)
		if err != nil {
			return readableError(err)
		}
		if v == nil {
			return undefinedError(ctx, args)
		}
		text, err := formatValue(v)
		if err != nil {
			return fmt.Errorf("%s %w", args, err)
		}
		_, isEncoded := v.(encoded)
		_, err = io.WriteString(w, sheetOf(ctx).addSlot(slot{text: text, encoded: isEncoded}))
		return err
	}, nil
}

// compileNeed compiles the question whether every variable of an expression has a value.
func compileNeed(args string) (tagRenderer, error) { return compileNeeds(args, false) }

// compileNeedList is compileNeed for what follows `in` in a loop.
func compileNeedList(args string) (tagRenderer, error) { return compileNeeds(args, true) }

func compileNeeds(args string, loop bool) (tagRenderer, error) {
	x, err := analyzeExpression(args, loop)
	if err != nil {
		return nil, err
	}
	type need struct {
		variable
		value expressions.Expression
	}
	var needs []need
	for _, v := range x.variables {
		if v.guarded {
			continue
		}
		e, err := expressions.Parse(v.text)
		if err != nil {
			return nil, syntaxError(v.text)
		}
		needs = append(needs, need{v, e})
	}
	return func(_ io.Writer, ctx render.Context) error {
		for _, n := range needs {
			v, err := ctx.Evaluate(n.value)
			if err != nil {
				return readableError(err)
			}
			if v == nil {
				return undefinedError(ctx, n.dotted())
			}
		}
		return nil
	}, nil
}

// undefinedError is the error for a variable without a value.
func undefinedError(ctx render.Context, name string) error {
	if err := sheetOf(ctx).whyMissing(name); err != nil {
		return err
	}
	return fmt.Errorf("%s has no value here%suse {%% if %s %%} around it, or | default: \"…\"", name, hintMark, name)
}

func syntaxError(source string) error {
	return fmt.Errorf("Liquid cannot read %q", strings.TrimSpace(source)) //nolint:staticcheck // a name
}

// readableError strips a Liquid error of the library's own wording.
func readableError(err error) error {
	var fe expressions.FilterError
	if errors.As(err, &fe) {
		return fmt.Errorf("the filter %s failed: %w", fe.FilterName, fe.Err)
	}
	return err
}

// cutButton cuts `"Text" url` into the text without its quotes and the rest.
func cutButton(args string) (label, url string, ok bool) {
	args = strings.TrimSpace(args)
	if args == "" || !isQuoted(args) {
		return "", "", false
	}
	end := strings.IndexByte(args[1:], args[0])
	if end < 0 {
		return "", "", false
	}
	label = args[1 : end+1]
	url = strings.TrimSpace(args[end+2:])
	return label, url, strings.TrimSpace(label) != "" && url != ""
}

// compileButton compiles `{% button "Text" url %}`. The text and a quoted url may hold {{ }}.
func (d *dialect) compileButton(args string) (tagRenderer, error) {
	label, link, ok := cutButton(args)
	if !ok {
		return nil, errors.New("a button needs a text in quotes and a link")
	}
	labelText, err := d.compileText(label)
	if err != nil {
		return nil, err
	}
	linkText, err := d.compileLink(link)
	if err != nil {
		return nil, err
	}
	notForMinors := strings.HasPrefix(link, "share.") || strings.HasPrefix(link, referralRoot+".")
	return func(w io.Writer, ctx render.Context) error {
		sheet := sheetOf(ctx)
		if notForMinors && sheet.minor {
			return nil
		}
		label, err := labelText(ctx)
		if err != nil {
			return err
		}
		target, err := linkText(ctx)
		if err != nil {
			return err
		}
		href, err := sheet.fillHref(target)
		if err != nil {
			return err
		}
		return sheet.writeParagraph(w, slot{kind: slotButton, text: sheet.fillLine(label), href: href})
	}, nil
}

// compileLink compiles a button's target: an expression, or text in quotes.
func (d *dialect) compileLink(source string) (func(render.Context) (string, error), error) {
	if isQuoted(source) {
		return d.compileText(strings.Trim(source, `"'`))
	}
	out, err := compileOut(source)
	if err != nil {
		return nil, err
	}
	return func(ctx render.Context) (string, error) {
		var b bytes.Buffer
		err := out(&b, ctx)
		return b.String(), err
	}, nil
}

// compileText compiles a piece of text with {{ }} in it that stands inside a tag.
func (d *dialect) compileText(source string) (func(render.Context) (string, error), error) {
	node, err := d.config.Compile(instrumentSource(source), startOf("", 0))
	if err != nil {
		return nil, errors.New(liquidError("", err).Message)
	}
	return func(ctx render.Context) (string, error) {
		var b bytes.Buffer
		if err := render.Render(node, &b, ctx.Bindings(), sheetOf(ctx).dialect.config); err != nil {
			if cause := err.Cause(); cause != nil {
				return "", cause
			}
			return "", err
		}
		return b.String(), nil
	}, nil
}

// writeShare writes `{% share %}`.
func writeShare(w io.Writer, ctx render.Context) error {
	sheet := sheetOf(ctx)
	if sheet.minor {
		return nil
	}
	if ctx.Get("share") == nil {
		return undefinedError(ctx, "share")
	}
	return sheet.writeParagraph(w, slot{kind: slotShare})
}

func sheetOf(ctx render.Context) *sheet { return ctx.Get(sheetKey).(*sheet) }

// formatValue writes a value as people expect to read it.
func formatValue(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case encoded:
		return string(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case time.Time:
		return v.Format(time.RFC3339), nil
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			if item == nil {
				continue
			}
			var err error
			if parts[i], err = formatValue(item); err != nil {
				return "", err
			}
		}
		return strings.Join(parts, ", "), nil
	case map[string]any:
		return "", errors.New("is a group of values; say which")
	default:
		return fmt.Sprint(v), nil
	}
}
