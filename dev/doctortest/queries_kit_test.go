package doctortest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

const root = "../.."

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// alerts are the rules of alerts.yaml, as Prometheus reads them.
func alerts(t *testing.T) []rulefmt.Rule {
	t.Helper()
	groups, errs := rulefmt.Parse([]byte(read(t, "deploy/prometheus/alerts.yaml")), false, model.UTF8Validation)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var all []rulefmt.Rule
	for _, group := range groups.Groups {
		all = append(all, group.Rules...)
	}
	return all
}

// panelQuery is one query of the dashboard.
type panelQuery struct {
	panel, expr string
	instant     bool
}

// dashboard returns the queries of homeroom.json, with Grafana's own variables replaced.
func dashboard(t *testing.T) []panelQuery {
	t.Helper()
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct {
				Expr    string
				Instant bool
			}
		}
		Annotations struct {
			List []struct{ Name, Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "deploy/grafana/homeroom.json")), &board); err != nil {
		t.Fatal(err)
	}
	var all []panelQuery
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			all = append(all, panelQuery{panel.Title, strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"), target.Instant})
		}
	}
	for _, annotation := range board.Annotations.List {
		all = append(all, panelQuery{annotation.Name, annotation.Expr, false})
	}
	if len(all) < 20 {
		t.Fatalf("the dashboard has %d queries", len(all))
	}
	return all
}

// namesIn returns the metrics that an expression names.
func namesIn(t *testing.T, expr string) []string {
	t.Helper()
	parsed, err := parser.ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %v", expr, err)
		return nil
	}
	var names []string
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if v, ok := node.(*parser.VectorSelector); ok {
			names = append(names, v.Name)
		}
		return nil
	})
	return names
}

var toldName = regexp.MustCompile("`((?:homeroom|temporal|process|go)_[a-z_]+)")

// toldMetrics are the metrics that operations.md lists; TestMetricsOfEachRole holds that list to what the roles tell.
func toldMetrics(t *testing.T) map[string]bool {
	t.Helper()
	told := map[string]bool{}
	_, section, _ := strings.Cut(read(t, "docs/operations.md"), "\n## Metrics\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if cells := strings.Split(strings.TrimSpace(line), "|"); len(cells) == 5 {
			for _, name := range toldName.FindAllStringSubmatch(line, -1) {
				told[name[1]] = true
			}
		}
	}
	return told
}
