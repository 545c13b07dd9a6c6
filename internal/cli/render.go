package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"homeroom/content"
	"homeroom/rules"
)

// RulesRenderCmd is `homeroom rules render`.
type RulesRenderCmd struct {
	Dir     string `arg:"" name:"academy" help:"The academy folder."`
	Message string `arg:"" name:"message" help:"The message's name."`
	Locale  string `help:"The learner's locale, such as de or de-AT." placeholder:"LOCALE"`
	With    string `help:"A YAML or JSON file with learner, course, trigger, time and vars to show instead of made-up ones." placeholder:"FILE"`
	Format  string `help:"How to print: text, html or json (subject, preheader, html and text)." enum:"text,html,json" default:"text"`
}

// Help is shown by `homeroom rules render --help`.
func (*RulesRenderCmd) Help() string {
	return `Renders a message as a learner would get it, with a made-up learner and trigger. --with says what is different:

  learner: {first_name: Ada, timezone: Europe/Berlin, traits: {is_minor: true}}
  course: {title: Go for teachers, url: https://academy.example/go}
  trigger: {score_pct: 40}        # null takes a property away
  time: 2026-03-02T10:00:00Z
  vars: {plan: pro}

Examples:
  homeroom rules render examples/academy quiz-retry --locale de
  homeroom rules render examples/academy certificate-ready --format html > mail.html`
}

// Run renders the message.
func (c *RulesRenderCmd) Run(_ context.Context, o IO) error {
	academy, err := loadAcademy(o, c.Dir)
	if err != nil {
		return err
	}
	vars, err := sampleFor(academy, c.Message, c.With, c.Locale)
	if err != nil {
		return err
	}
	return c.print(o, academy, vars)
}

// sampleFor makes up what a message is about, with what the file says on top; with and locale may be empty.
func sampleFor(academy *rules.Academy, message, with, locale string) (content.Vars, error) {
	if !academy.Library.Has(message) {
		return content.Vars{}, usage(fmt.Errorf("there is no message %s; there are %s", message, strings.Join(academy.Library.Names(), ", ")))
	}
	vars := academy.Sample(message)
	if with != "" {
		if err := override(&vars, with); err != nil {
			return content.Vars{}, usage(fmt.Errorf("--with: %w", err))
		}
	}
	if locale != "" {
		vars.Learner.Locale = locale
	}
	return vars, nil
}

func (c *RulesRenderCmd) print(o IO, academy *rules.Academy, vars content.Vars) error {
	mail, err := academy.Library.Render(c.Message, vars.Learner.Locale, vars)
	if err != nil {
		return err
	}
	switch c.Format {
	case "html":
		_, err = fmt.Fprintln(o.Out, mail.HTML)
	case "json":
		e := json.NewEncoder(o.Out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		err = e.Encode(struct {
			Message   string `json:"message"`
			Locale    string `json:"locale,omitempty"`
			Subject   string `json:"subject"`
			Preheader string `json:"preheader,omitempty"`
			HTML      string `json:"html"`
			Text      string `json:"text"`
		}{c.Message, mail.Locale, mail.Subject, mail.Preheader, mail.HTML, mail.Text})
	default:
		head := "Subject:   " + mail.Subject + "\n"
		if mail.Preheader != "" {
			head += "Preheader: " + mail.Preheader + "\n"
		}
		_, err = fmt.Fprintf(o.Out, "%s\n%s\n", head, strings.TrimRight(mail.Text, "\n"))
	}
	return err
}

// maxWith is how large a --with file may be, in bytes.
const maxWith = 256 << 10

// override puts what the file says over the made-up values.
func override(vars *content.Vars, file string) error {
	src, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if len(src) > maxWith {
		return fmt.Errorf("%s is larger than 256 KiB", file)
	}
	var given struct {
		Learner struct {
			ID        *string        `yaml:"id"`
			FirstName *string        `yaml:"first_name"`
			Locale    *string        `yaml:"locale"`
			Timezone  *string        `yaml:"timezone"`
			Traits    map[string]any `yaml:"traits"`
		} `yaml:"learner"`
		Course struct {
			ID    *string `yaml:"id"`
			Title *string `yaml:"title"`
			URL   *string `yaml:"url"`
		} `yaml:"course"`
		Trigger map[string]any `yaml:"trigger"`
		Time    string         `yaml:"time"`
		Vars    map[string]any `yaml:"vars"`
	}
	if err := yaml.UnmarshalWithOptions(src, &given, yaml.Strict()); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	for _, f := range []struct {
		into  *string
		given *string
	}{
		{&vars.Learner.ID, given.Learner.ID}, {&vars.Learner.FirstName, given.Learner.FirstName},
		{&vars.Learner.Locale, given.Learner.Locale}, {&vars.Learner.Timezone, given.Learner.Timezone},
		{&vars.Course.ID, given.Course.ID}, {&vars.Course.Title, given.Course.Title}, {&vars.Course.URL, given.Course.URL},
	} {
		if f.given != nil {
			*f.into = *f.given
		}
	}
	if given.Time != "" {
		if vars.TriggerTime, err = time.Parse(time.RFC3339, given.Time); err != nil {
			return fmt.Errorf("time must be written like 2026-03-02T10:00:00Z, not %q", given.Time)
		}
	}
	vars.Learner.Traits = overlay(vars.Learner.Traits, given.Learner.Traits)
	vars.Trigger = overlay(vars.Trigger, given.Trigger)
	vars.With = overlay(vars.With, given.Vars)
	return nil
}

// overlay returns base with what is given on top; nil takes a key away. Numbers become decimals, as in events.
func overlay(base, given map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		switch v := given[key].(type) {
		case nil:
			delete(out, key)
		case uint64:
			out[key] = float64(v)
		case int64:
			out[key] = float64(v)
		default:
			out[key] = v
		}
	}
	return out
}
