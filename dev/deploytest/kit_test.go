package deploytest

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.temporal.io/sdk/contrib/envconfig"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	"homeroom/internal/cli"
)

const chartDir = "../../deploy/helm/homeroom"

// given is what somebody has to say.
const given = `
publicURL: https://learn.example.org
nats: {servers: ["nats-0.nats:4222", "nats-1.nats:4222"], passwords: {secret: nats-passwords}}
temporal: {address: "temporal-frontend:7233"}
keys: {secret: homeroom-keys}
console: {url: "https://homeroom.example.org", tokens: {secret: console-tokens}}
`

// everything switches on whatever can be switched on.
const everything = given + `
academy: {volume: {configMap: {name: academy}}}
roles:
  triggers: {autoscaling: {enabled: true}}
  worker: {autoscaling: {enabled: true}, push: {key: push-account.json, url: "https://fcm.example.org"}}
  edge: {autoscaling: {enabled: true}}
backtests: {enabled: true}
env: {HOMEROOM_LOG_LEVEL: debug, HOMEROOM_KEEP_EVENTS: 8760h}
podAnnotations: {team: growth}
nodeSelector: {disk: ssd}
tolerations: [{key: spot, operator: Exists}]
priorityClassName: high
imagePullSecrets: [{name: registry}]
networkPolicy: {natsTo: [{podSelector: {matchLabels: {app: nats}}}], temporalTo: [{podSelector: {matchLabels: {app: temporal}}}]}
`

// objects are what a chart gives, by kind/name.
type objects map[string]any

// types are the kinds that the chart may have.
var types = map[string]func() any{
	"apps/v1 Deployment":                     func() any { return &appsv1.Deployment{} },
	"batch/v1 Job":                           func() any { return &batchv1.Job{} },
	"v1 Service":                             func() any { return &corev1.Service{} },
	"policy/v1 PodDisruptionBudget":          func() any { return &policyv1.PodDisruptionBudget{} },
	"networking.k8s.io/v1 NetworkPolicy":     func() any { return &networkingv1.NetworkPolicy{} },
	"autoscaling/v2 HorizontalPodAutoscaler": func() any { return &autoscalingv2.HorizontalPodAutoscaler{} },
}

// render renders the chart as `helm install campus` does, and decodes strictly what comes of it.
func render(t *testing.T, values string) (objects, error) {
	t.Helper()
	chart, err := loader.LoadDir(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	if err := chart.Validate(); err != nil {
		t.Fatal(err)
	}
	said, err := chartutil.ReadValues([]byte(values))
	if err != nil {
		t.Fatal(err)
	}
	release := chartutil.ReleaseOptions{Name: "campus", Namespace: "learning", Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(chart, said, release, chartutil.DefaultCapabilities)
	if err != nil {
		t.Fatal(err)
	}
	files, err := engine.Engine{Strict: true}.Render(chart, all)
	if err != nil {
		return nil, err
	}
	found := objects{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasSuffix(name, "NOTES.txt") {
			continue
		}
		for _, document := range strings.Split(files[name], "\n---\n") {
			if strings.TrimSpace(strings.Trim(document, "-")) == "" {
				continue
			}
			var head struct {
				APIVersion, Kind string
				Metadata         struct{ Name string }
			}
			if err := yaml.Unmarshal([]byte(document), &head); err != nil {
				t.Fatalf("%s: %v in\n%s", name, err, document)
			}
			of, known := types[head.APIVersion+" "+head.Kind]
			if !known {
				t.Fatalf("%s: no kind of Kubernetes here: %s %s", name, head.APIVersion, head.Kind)
			}
			object := of()
			if err := yaml.UnmarshalStrict([]byte(document), object); err != nil {
				t.Errorf("%s: %v in\n%s", name, err, document)
			}
			if wrong := validation.IsDNS1123Label(head.Metadata.Name); len(wrong) > 0 {
				t.Errorf("%s: the name %q: %q", name, head.Metadata.Name, wrong)
			}
			key := head.Kind + "/" + head.Metadata.Name
			if found[key] != nil {
				t.Errorf("%s is there twice", key)
			}
			found[key] = object
		}
	}
	return found, nil
}

// mustRender renders the chart.
func mustRender(t *testing.T, values string) objects {
	t.Helper()
	found, err := render(t, values)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// get returns an object of the chart.
func get[T any](t *testing.T, from objects, key string) *T {
	t.Helper()
	object, ok := from[key].(*T)
	if !ok {
		t.Fatalf("there is no %s; there are %q", key, slices.Sorted(maps.Keys(from)))
	}
	return object
}

// templates are the pods of a chart, by component.
func templates(t *testing.T, from objects) map[string]corev1.PodTemplateSpec {
	t.Helper()
	all := map[string]corev1.PodTemplateSpec{}
	for _, object := range from {
		switch o := object.(type) {
		case *appsv1.Deployment:
			all[o.Spec.Template.Labels["app.kubernetes.io/component"]] = o.Spec.Template
		case *batchv1.Job:
			all[o.Spec.Template.Labels["app.kubernetes.io/component"]] = o.Spec.Template
		}
	}
	return all
}

// variables are those that the command of some arguments reads, and whether it insists on them.
func variables(t *testing.T, args []string) map[string]bool {
	t.Helper()
	command := reflect.TypeFor[cli.Commands]()
	for _, word := range args {
		if strings.HasPrefix(word, "-") {
			break
		}
		field, found := command.FieldByNameFunc(func(name string) bool { return strings.ToLower(name) == word })
		if !found {
			t.Fatalf("there is no command `homeroom %s`", strings.Join(args, " "))
		}
		command = field.Type
	}
	found := map[string]bool{}
	addVariables(found, command)
	return found
}

// addVariables adds those of a command and of the flags that it shares with others.
func addVariables(found map[string]bool, of reflect.Type) {
	for i := range of.NumField() {
		flag := of.Field(i)
		if flag.Anonymous {
			addVariables(found, flag.Type)
		} else if env := flag.Tag.Get("env"); env != "" {
			_, found[env] = flag.Tag.Lookup("required")
		}
	}
}

// temporalVariables are those that the SDK's configuration asks for.
func temporalVariables(t *testing.T) map[string]bool {
	t.Helper()
	asked := environ{}
	if _, err := envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{EnvLookup: asked, DisableFile: true}); err != nil {
		t.Fatal(err)
	}
	return asked
}

// environ is an empty environment that remembers what it was asked for.
type environ map[string]bool

// Environ implements envconfig.EnvLookup.
func (environ) Environ() []string { return nil }

// LookupEnv implements envconfig.EnvLookup.
func (e environ) LookupEnv(name string) (string, bool) {
	e[name] = true
	return "", false
}
