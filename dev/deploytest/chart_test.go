package deploytest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

var components = []string{"console", "edge", "setup", "triggers", "worker"}

func TestItRenders(t *testing.T) {
	for name, values := range map[string]string{"what has to be said": given, "everything": everything} {
		t.Run(name, func(t *testing.T) {
			want := components
			if values == everything {
				want = append([]string{"backtests"}, components...)
			}
			got := slices.Sorted(maps.Keys(templates(t, mustRender(t, values))))
			if !slices.Equal(got, want) {
				t.Errorf("there are %q, want %q", got, want)
			}
		})
	}
}

// historyVolume returns the volume of the copy of the events.
func historyVolume(t *testing.T, found objects) corev1.VolumeSource {
	t.Helper()
	for _, volume := range templates(t, found)["backtests"].Spec.Volumes {
		if volume.Name == "history" {
			return volume.VolumeSource
		}
	}
	t.Fatal("backtests has no volume history")
	return corev1.VolumeSource{}
}

// withHistory switches backtests on with some replicas and with a volume for the copy of the events.
func withHistory(replicas, volume string) string {
	return strings.Replace(everything, "backtests: {enabled: true}", "backtests: {enabled: true, replicas: "+replicas+", history: "+volume+"}", 1)
}

const (
	ownClaim    = "{ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 20Gi}}}}}}"
	sharedClaim = "{persistentVolumeClaim: {claimName: events}}"
)

// TestAVolumeIsOfOneKind: who gives backtests another volume does not get the one by default beside it.
func TestAVolumeIsOfOneKind(t *testing.T) {
	for name, tc := range map[string]struct {
		values string
		want   string
	}{
		"none is given": {everything, "emptyDir"},
		"ephemeral":     {withHistory("2", ownClaim), "ephemeral"},
		"a claim":       {withHistory("1", sharedClaim), "persistentVolumeClaim"},
	} {
		volume := historyVolume(t, mustRender(t, tc.values))
		kinds := map[string]bool{
			"emptyDir":              volume.EmptyDir != nil,
			"ephemeral":             volume.Ephemeral != nil,
			"persistentVolumeClaim": volume.PersistentVolumeClaim != nil,
		}
		for kind, given := range kinds {
			if given != (kind == tc.want) {
				t.Errorf("%s: the volume is %+v, want %s alone", name, volume, tc.want)
			}
		}
	}
}

// TestOneProcessUsesACopyOfTheEvents: a second one would find the folder in use and restart for ever.
func TestOneProcessUsesACopyOfTheEvents(t *testing.T) {
	for _, shared := range []string{sharedClaim, "{hostPath: {path: /var/events}}", "{nfs: {server: files, path: /events}}"} {
		if _, err := render(t, withHistory("2", shared)); err == nil || !strings.Contains(err.Error(), "backtests.history") || !strings.Contains(err.Error(), "backtests.replicas") {
			t.Errorf("two pods with %s: %v", shared, err)
		}
	}
	for values, want := range map[string]appsv1.DeploymentStrategyType{
		withHistory("1", sharedClaim): appsv1.RecreateDeploymentStrategyType,
		withHistory("2", ownClaim):    "",
		everything:                    "",
	} {
		deployment, ok := mustRender(t, values)["Deployment/campus-backtests"].(*appsv1.Deployment)
		if !ok {
			t.Fatal("there is no Deployment campus-backtests")
		}
		if got := deployment.Spec.Strategy.Type; got != want {
			t.Errorf("%d pods are replaced by the strategy %q, want %q", *deployment.Spec.Replicas, got, want)
		}
	}
}

// TestItSaysWhatIsMissing: whatever has no default is asked for by its name.
func TestItSaysWhatIsMissing(t *testing.T) {
	for _, missing := range []string{"publicURL", "nats.servers", "nats.passwords.secret", "temporal.address", "keys.secret", "console.url"} {
		lines := map[string]string{
			"publicURL":             "publicURL: \"\"",
			"nats.servers":          "nats: {servers: [], passwords: {secret: a}}",
			"nats.passwords.secret": "nats: {servers: [a:4222], passwords: {secret: \"\"}}",
			"temporal.address":      "temporal: {address: \"\"}",
			"keys.secret":           "keys: {secret: \"\"}",
			"console.url":           "console: {url: \"\"}",
		}
		first, _, _ := strings.Cut(missing, ".")
		var kept []string
		for _, line := range strings.Split(given, "\n") {
			if !strings.HasPrefix(line, first+":") {
				kept = append(kept, line)
			}
		}
		if _, err := render(t, strings.Join(kept, "\n")+"\n"+lines[missing]); err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}

// TestVariablesAreRead: every process gets the variables that its command insists on, and none that it does not read.
func TestVariablesAreRead(t *testing.T) {
	elsewhere := temporalVariables(t)
	for component, pod := range templates(t, mustRender(t, everything)) {
		c := pod.Spec.Containers[0]
		command := strings.Join(c.Args, " ")
		read := variables(t, c.Args)
		set := map[string]string{}
		for _, v := range c.Env {
			if _, twice := set[v.Name]; twice {
				t.Errorf("%s sets %s twice", component, v.Name)
			}
			set[v.Name] = v.Value
			own := v.Name == "NATS_PASSWORD" || v.Name == "GOMEMLIMIT"
			common := v.Name == "HOMEROOM_LOG_LEVEL" || v.Name == "HOMEROOM_KEEP_EVENTS" // given for every process
			if _, known := read[v.Name]; !known && !elsewhere[v.Name] && !own && !common {
				t.Errorf("%s sets %s, which `homeroom %s` does not read", component, v.Name, command)
			}
		}
		for name, required := range read {
			if required && set[name] == "" {
				t.Errorf("%s does not set %s, which `homeroom %s` insists on", component, name, command)
			}
		}
		user := "homeroom-" + component
		if component == "backtests" { // works as the console does
			user = "homeroom-console"
		}
		if want := "nats://" + user + ":$(NATS_PASSWORD)@nats-0.nats:4222,nats://" + user + ":$(NATS_PASSWORD)@nats-1.nats:4222"; set["HOMEROOM_NATS_URL"] != want {
			t.Errorf("%s reaches NATS at %q, want %q", component, set["HOMEROOM_NATS_URL"], want)
		}
		names := slices.IndexFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == "NATS_PASSWORD" })
		if urls := slices.IndexFunc(c.Env, func(v corev1.EnvVar) bool { return v.Name == "HOMEROOM_NATS_URL" }); names < 0 || names > urls {
			t.Errorf("%s: the password must stand before the address that uses it", component)
		}
	}
}

// TestSecretsAreReferences: no secret is in a variable, each file that a variable names is mounted, and a process mounts only its own keys.
func TestSecretsAreReferences(t *testing.T) {
	mayHave := map[string][]string{
		"worker":    {"encryption.key", "homeroom.secret", "push-account.json", "sendgrid.key"},
		"triggers":  {"encryption.key", "homeroom.secret"},
		"edge":      {"encryption.key", "homeroom.secret"},
		"console":   {"encryption.key"},
		"backtests": {"encryption.key"},
	}
	for component, pod := range templates(t, mustRender(t, everything)) {
		var keys []string
		files := map[string]bool{}
		for _, volume := range pod.Spec.Volumes {
			if volume.Secret == nil {
				continue
			}
			for _, mount := range pod.Spec.Containers[0].VolumeMounts {
				if mount.Name != volume.Name {
					continue
				}
				if !mount.ReadOnly {
					t.Errorf("%s may write to %s", component, mount.MountPath)
				}
				for _, item := range volume.Secret.Items {
					files[mount.MountPath+"/"+item.Path] = true
					if volume.Name == "keys" {
						keys = append(keys, item.Key)
					}
				}
			}
		}
		if slices.Sort(keys); !slices.Equal(keys, mayHave[component]) {
			t.Errorf("%s mounts %q, want %q", component, keys, mayHave[component])
		}
		for _, v := range pod.Spec.Containers[0].Env {
			if strings.HasPrefix(v.Value, "/run/secrets/") && !files[v.Value] {
				t.Errorf("%s: %s is %s, which is not mounted", component, v.Name, v.Value)
			}
			if secret := strings.Contains(v.Name, "PASSWORD") || strings.HasSuffix(v.Name, "_API_KEY"); secret && (v.Value != "" || v.ValueFrom.SecretKeyRef == nil) {
				t.Errorf("%s: %s is in the chart", component, v.Name)
			}
		}
	}
}

// TestPushIsSentByTheWorker: the service account reaches the worker alone, and only once it is named.
func TestPushIsSentByTheWorker(t *testing.T) {
	for _, values := range []string{given, everything} {
		for component, pod := range templates(t, mustRender(t, values)) {
			set := map[string]string{}
			for _, v := range pod.Spec.Containers[0].Env {
				set[v.Name] = v.Value
			}
			var account, url string
			if component == "worker" && values == everything {
				account = "/run/secrets/homeroom/push-account.json"
				url = "https://fcm.example.org"
			}
			if set["HOMEROOM_PUSH_ACCOUNT_FILE"] != account || set["HOMEROOM_PUSH_URL"] != url {
				t.Errorf("%s sends as %q to %q, want %q, %q", component, set["HOMEROOM_PUSH_ACCOUNT_FILE"], set["HOMEROOM_PUSH_URL"], account, url)
			}
		}
	}
}

func TestPodsHaveNoRightsTheyDoNotNeed(t *testing.T) {
	for component, pod := range templates(t, mustRender(t, everything)) {
		c := pod.Spec.Containers[0].SecurityContext
		p := pod.Spec.SecurityContext
		if p == nil || p.RunAsNonRoot == nil || !*p.RunAsNonRoot || p.SeccompProfile == nil || c == nil || c.ReadOnlyRootFilesystem == nil || !*c.ReadOnlyRootFilesystem ||
			c.AllowPrivilegeEscalation == nil || *c.AllowPrivilegeEscalation || !slices.Equal(c.Capabilities.Drop, []corev1.Capability{"ALL"}) {
			t.Errorf("%s: %+v %+v", component, p, c)
		}
		if pod.Spec.AutomountServiceAccountToken == nil || *pod.Spec.AutomountServiceAccountToken {
			t.Errorf("%s gets a token of the cluster's API", component)
		}
	}
}

// TestRolesCanBeLookedAfter: each role has probes on the operators' listener, time to finish, a budget for disruptions, and scales when told to.
func TestRolesCanBeLookedAfter(t *testing.T) {
	plain := mustRender(t, given)
	scaled := mustRender(t, everything)
	for _, role := range []string{"triggers", "worker", "edge"} {
		d := get[appsv1.Deployment](t, plain, "Deployment/campus-"+role)
		c := d.Spec.Template.Spec.Containers[0]
		if d.Spec.Replicas == nil || *d.Spec.Replicas < 2 || *d.Spec.Template.Spec.TerminationGracePeriodSeconds < 45 {
			t.Errorf("%s: %d replicas, %d s to stop", role, *d.Spec.Replicas, *d.Spec.Template.Spec.TerminationGracePeriodSeconds)
		}
		for path, probe := range map[string]*corev1.Probe{"/readyz": c.ReadinessProbe, "/healthz": c.LivenessProbe} {
			if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path || probe.HTTPGet.Port.StrVal != "ops" {
				t.Errorf("%s: the probe of %s is %+v", role, path, probe)
			}
		}
		selects(t, role, get[policyv1.PodDisruptionBudget](t, plain, "PodDisruptionBudget/campus-"+role).Spec.Selector, d)
		selects(t, role, d.Spec.Selector, d)
		h := get[autoscalingv2.HorizontalPodAutoscaler](t, scaled, "HorizontalPodAutoscaler/campus-"+role)
		byLag := slices.ContainsFunc(h.Spec.Metrics, func(m autoscalingv2.MetricSpec) bool {
			return m.External != nil && m.External.Metric.Name == "homeroom_backlog" && m.External.Target.AverageValue.Value() > 0
		})
		if byLag == (role == "edge") || h.Spec.ScaleTargetRef.Name != "campus-"+role || *h.Spec.MinReplicas < 2 {
			t.Errorf("%s scales by %+v", role, h.Spec)
		}
		if get[appsv1.Deployment](t, scaled, "Deployment/campus-"+role).Spec.Replicas != nil {
			t.Errorf("%s: the chart would undo what was scaled", role)
		}
	}
}

func selects(t *testing.T, role string, selector *metav1.LabelSelector, d *appsv1.Deployment) {
	t.Helper()
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil || s.Empty() || !s.Matches(labels.Set(d.Spec.Template.Labels)) {
		t.Errorf("%s: %v does not select its pods: %v", role, selector, err)
	}
}

// TestNetworkPolicies: every pod has one; only the worker calls the world, and only where somebody listens may somebody come in.
func TestNetworkPolicies(t *testing.T) {
	all := mustRender(t, everything)
	listens := map[string][]int32{"triggers": {9090}, "worker": {9090}, "edge": {8080, 9090}, "console": {8024}, "backtests": nil, "setup": nil}
	for component, pod := range templates(t, all) {
		policy := get[networkingv1.NetworkPolicy](t, all, "NetworkPolicy/campus-"+component).Spec
		if len(policy.PolicyTypes) != 2 || !labels.SelectorFromSet(policy.PodSelector.MatchLabels).Matches(labels.Set(pod.Labels)) {
			t.Errorf("%s: the policy is about %v, %v", component, policy.PodSelector, policy.PolicyTypes)
		}
		var in, out []int32
		for _, rule := range policy.Ingress {
			in = append(in, ports(rule.Ports)...)
			if len(rule.From) == 0 {
				t.Errorf("%s: anybody may come in at %v", component, ports(rule.Ports))
			}
		}
		for _, rule := range policy.Egress {
			out = append(out, ports(rule.Ports)...)
		}
		if !slices.Equal(in, listens[component]) {
			t.Errorf("%s lets in at %v, want %v", component, in, listens[component])
		}
		want := []int32{53, 53, 4222, 7233}
		if component == "worker" {
			want = append(want, 443)
		}
		if !slices.Equal(out, want) {
			t.Errorf("%s may reach %v, want %v", component, out, want)
		}
	}
}

func ports(from []networkingv1.NetworkPolicyPort) []int32 {
	var all []int32
	for _, p := range from {
		all = append(all, p.Port.IntVal)
	}
	return all
}
