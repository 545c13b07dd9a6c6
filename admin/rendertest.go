package admin

import (
	"context"
	"strings"

	"homeroom/content"
	"homeroom/delivery"
	"homeroom/engine"
	"homeroom/rules"
)

// renderForTest returns what renders the messages of rule tests: production's composer, with links that lead nowhere.
func renderForTest(academy *rules.Academy) func(engine.Send, engine.Profile) (string, error) {
	composer := delivery.ContentComposer{
		Edition: func(context.Context, string) (delivery.Edition, error) {
			return delivery.Edition{Library: academy.Library, Courses: academy.Courses}, nil
		},
	}
	outward := content.SampleVars(nil).Outward
	return func(s engine.Send, p engine.Profile) (string, error) {
		m, err := composer.Compose(context.Background(), s, delivery.Recipient{Profile: p}, outward)
		if err != nil {
			return "", err
		}
		return strings.Join([]string{m.Rendered.Subject, m.Rendered.Preheader, m.Rendered.Text}, "\n"), nil
	}
}

// renderCheck returns what says why a message cannot be rendered.
func renderCheck(academy *rules.Academy) func(engine.Send, engine.Profile) error {
	render := renderForTest(academy)
	return func(s engine.Send, p engine.Profile) error {
		_, err := render(s, p)
		return err
	}
}
