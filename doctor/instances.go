package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"homeroom/internal/narrate"
	"homeroom/store"
)

// checkInstances looks at who is running and with which rules. It reports whether any instance serves the triggers.
func (e *examination) checkInstances(st *store.Store, current store.Pointer) (triggers bool) {
	now := e.opts.Now().Add(e.skew) // records are stamped by the store
	roles := map[string]int{}
	var refused, behind, withoutWebhook []string
	live := 0
	e.clock = store.ClockOf(st.Control.Instances(), now)
	for _, i := range st.Control.Instances() {
		if !i.Live(now) {
			continue
		}
		live++
		for _, role := range i.Roles {
			roles[role]++
		}
		e.standIn = e.standIn || i.StandIn
		e.posts = e.posts || slices.Contains(i.Roles, "api")
		if slices.Contains(i.Roles, "edge") {
			e.edges = append(e.edges, i.Fingerprints[store.FingerprintInstallation]...)
		}
		if slices.Contains(i.Roles, "edge") && i.Fingerprints != nil && len(i.Fingerprints[store.FingerprintWebhook]) == 0 {
			withoutWebhook = append(withoutWebhook, i.Name)
		}
		switch {
		case i.Outcome == store.SwapRefused:
			refused = append(refused, fmt.Sprintf("%s refused %s and stays with %s: %s", i.Name, narrate.ShortHash(i.Swap), narrate.ShortHash(i.Running), i.Problem))
		case current.Hash != "" && i.Running != current.Hash:
			behind = append(behind, fmt.Sprintf("%s runs %s", i.Name, narrate.ShortHash(i.Running)))
		}
	}
	var absent []string
	for _, role := range []string{"triggers", "worker", "edge"} {
		if roles[role] == 0 {
			absent = append(absent, role)
		}
	}
	says := fmt.Sprintf("%d live: %d with triggers, %d with worker, %d with edge", live, roles["triggers"], roles["worker"], roles["edge"])
	if !e.clock.IsReal() {
		says += fmt.Sprintf("; in time-lapse, where it is %s UTC", e.clock.At(now).UTC().Format(narrate.TimeFormat))
	}
	var differ, advice []string
	for _, d := range store.Disagreements(st.Control.Instances(), now) {
		differ = append(differ, d.String())
		if !slices.Contains(advice, d.Do) {
			advice = append(advice, d.Do)
		}
	}
	switch {
	case len(differ) > 0:
		e.reportFailure("instances", strings.Join(differ, "\n"), strings.Join(advice, "; "))
	case len(refused) > 0:
		e.reportFailure("instances", strings.Join(refused, "\n"), "these processes are older than the rules: upgrade them, or publish rules that they know")
	case len(behind) > 0:
		e.reportWarning("instances", strings.Join(behind, "\n")+", and in force is "+narrate.ShortHash(current.Hash), "they follow within seconds; if not, look at their logs")
	case live == 0:
		e.reportAbsent(st, "no instance of Homeroom is running", "start `homeroom serve`", absent)
	case len(absent) > 0:
		e.reportAbsent(st, says+"; nobody serves "+strings.Join(absent, " or "), "start `homeroom serve --roles "+strings.Join(absent, ",")+"`", absent)
	case len(withoutWebhook) > 0:
		e.reportWarning("instances", says+"; without webhooks: "+strings.Join(withoutWebhook, ", "),
			"give the edge the public key of SendGrid's event webhook (--sendgrid-webhook-key): without it nobody hears of bounces and complaints, and uncertain mails stay so")
	default:
		e.reportOK("instances", says+"; all run the rules in force")
	}
	return roles["triggers"] > 0
}

// silentFor is for how long the doctor names an instance that stopped renewing its record and has not removed it.
const silentFor = time.Hour

// reportAbsent warns that nobody serves some roles. It names the instances with one of the roles that stopped renewing their records without
// removing them, as a process does that was killed or that may not write the record any more.
func (e *examination) reportAbsent(st *store.Store, says, do string, roles []string) {
	now := e.opts.Now().Add(e.skew)
	silent := false
	for _, i := range st.Control.Instances() {
		had := slices.ContainsFunc(i.Roles, func(role string) bool { return slices.Contains(roles, role) })
		if !had || i.Live(now) || now.Sub(i.Seen) > silentFor {
			continue
		}
		says += fmt.Sprintf("; %s (%s) has not renewed its record since %s", i.Name, strings.Join(i.Roles, ", "), i.Seen.UTC().Format(time.RFC3339))
		silent = true
	}
	if silent {
		do = "if that process still runs, its /readyz and its log say what it lacks; otherwise " + do
	}
	e.reportWarning("instances", says, do)
}
