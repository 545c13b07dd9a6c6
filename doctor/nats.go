package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/store"
	"homeroom/subjects"
)

// runSetup is what makes what is missing.
const runSetup = "run `homeroom setup`"

// natsChecks are the checks of JetStream, besides that it answers.
var natsChecks = []string{"clock", "streams", "durability", "consumers"}

// checkNATS looks at NATS and at what is kept in it.
func (e *examination) checkNATS(ctx context.Context) {
	nc, js, err := e.opts.NATS()
	if err != nil {
		do := "start NATS, or say where it is with --nats (HOMEROOM_NATS_URL) and its credentials with --nats-creds"
		if errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) {
			do = "NATS is there: correct the user, the password or the credentials"
		}
		e.reportFailure("nats", err.Error(), do)
		e.reportNotChecked("NATS is not reachable", slices.Concat([]string{"jetstream"}, natsChecks, storeChecks)...)
		return
	}
	defer nc.Close()
	e.checkServer(nc)
	if err := e.findUnanswered(ctx, js); err != nil {
		e.reportFailure("jetstream", "NATS does not say what may be asked: "+err.Error(), "look at the server's log")
		e.reportNotChecked("NATS does not answer", slices.Concat(natsChecks, storeChecks)...)
		return
	}
	if e.mayAsk("jetstream") {
		account, err := js.AccountInfo(ctx)
		if err != nil {
			e.reportJetStreamAway(err)
			e.reportNotChecked("JetStream does not answer", slices.Concat(natsChecks, storeChecks)...)
			return
		}
		e.checkAccount(account)
	}
	if !e.mayAsk("streams", slices.Concat([]string{"clock", "durability", "consumers"}, storeChecks)...) {
		return
	}
	missing := e.checkStreams(ctx, js)
	if e.mayAsk("consumers") {
		e.checkConsumers(ctx, js)
	}
	if len(missing) > 0 {
		e.reportNotChecked("streams or buckets are missing", storeChecks...)
		return
	}
	e.checkStore(ctx, js)
}

// checkServer looks at the version and at how it is reached.
func (e *examination) checkServer(nc *nats.Conn) {
	rtt, _ := nc.RTT()
	version := nc.ConnectedServerVersion()
	where := nc.ConnectedUrlRedacted()
	says := fmt.Sprintf("NATS %s at %s, %s away", version, where, rtt.Round(100*time.Microsecond))
	_, tlsErr := nc.TLSConnectionState()
	switch {
	case !atLeast(version, 2, 11):
		e.reportWarning("nats", says+": it knows no pinned consumers", "run one replica of the triggers only, or upgrade nats-server to 2.11 or later")
	case tlsErr != nil && !isLoopback(where):
		e.reportWarning("nats", says+", without TLS: events hold personal data", "turn TLS on in nats-server and use a tls:// address; --nats-ca names the certificates to trust")
	default:
		e.reportOK("nats", says)
	}
}

// atLeast compares versions such as 2.11.3 and 2.12.0-RC.1.
func atLeast(version string, major, minor int) bool {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	if len(parts) < 2 {
		return false
	}
	gotMajor, err1 := strconv.Atoi(parts[0])
	gotMinor, err2 := strconv.Atoi(parts[1])
	return err1 == nil && err2 == nil && (gotMajor > major || gotMajor == major && gotMinor >= minor)
}

func isLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

func (e *examination) reportJetStreamAway(err error) {
	if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
		e.reportFailure("jetstream", "the server or the account has no JetStream", "start nats-server with JetStream (-js, or jetstream {} in its configuration) and allow it to the account")
		return
	}
	e.reportFailure("jetstream", "it does not answer: "+err.Error(), "if it has permissions: let Homeroom publish to $JS.API.>; else look at the server's log")
}

// fullAt is the share of its storage at which an account counts as nearly full.
const fullAt = 0.8

func (e *examination) checkAccount(a *jetstream.AccountInfo) {
	says := fmt.Sprintf("on; %d streams, %s stored", a.Streams, formatSize(a.Store))
	limit := a.Limits.MaxStore
	if limit > 0 {
		says += " of " + formatSize(uint64(limit))
		if float64(a.Store) > fullAt*float64(limit) {
			e.reportWarning("jetstream", says, "raise the account's limit, or let the streams keep less (see docs/operations.md, Retention): full, it takes no more events")
			return
		}
	}
	e.reportOK("jetstream", says)
}

func formatSize(n uint64) string {
	units := []string{"B", "KB", "MB", "GB", "TB", "PB"}
	v := float64(n)
	i := 0
	for v >= 1024 && i < len(units)-1 {
		v = v / 1024
		i = i + 1
	}
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0") + " " + units[i]
}

// checkStreams holds the streams and buckets against what is needed, and returns those that are missing.
func (e *examination) checkStreams(ctx context.Context, js jetstream.JetStream) (missing []string) {
	wanted := e.opts.Store.Streams()
	var wrong, fewer, volatile, unneeded []string
	var differences []store.Difference
	clockChecked := false
	for _, want := range wanted {
		before := e.opts.Now()
		stream, err := js.Stream(ctx, want.Name)
		after := e.opts.Now()
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
			missing = append(missing, nameOf(want.Name))
			continue
		case err != nil:
			wrong = append(wrong, fmt.Sprintf("%s cannot be looked at: %v", nameOf(want.Name), err))
			continue
		}
		info := stream.CachedInfo()
		if !clockChecked {
			e.checkClock(before, after, info.TimeStamp)
			clockChecked = true
		}
		if diffs := store.Differences(want, info.Config); len(diffs) > 0 {
			wrong = append(wrong, nameOf(want.Name)+": "+store.JoinDifferences(diffs))
			differences = append(differences, diffs...)
		}
		if headers := store.UnneededHeaders(info.Config); len(headers) > 0 {
			unneeded = append(unneeded, want.Name+": "+strings.Join(headers, ", "))
		}
		if info.Config.Replicas < 3 {
			fewer = append(fewer, nameOf(want.Name))
		}
		if info.Config.Storage == jetstream.MemoryStorage {
			volatile = append(volatile, nameOf(want.Name))
		}
	}
	if !clockChecked {
		e.reportNotChecked("no stream to read the server's clock from", "clock")
	}
	switch {
	case len(wrong) > 0 && len(differences) == 0:
		e.reportFailure("streams", strings.Join(wrong, "\n"), "see that NATS has its JetStream working, and that this user may ask it")
	case len(wrong) > 0:
		e.reportFailure("streams", strings.Join(wrong, "\n"), store.DifferencesAdvice(differences)+"; then "+runSetup)
	case len(missing) > 0:
		e.reportFailure("streams", "missing: "+strings.Join(missing, ", "), runSetup)
	case len(unneeded) > 0:
		e.reportWarning("streams", "a header of whoever may write one record can remove others:\n"+strings.Join(unneeded, "\n"),
			"forbid it as the operator: nats stream edit NAME --no-allow-FEATURE, for example --no-allow-rollup")
	default:
		e.reportOK("streams", fmt.Sprintf("all %d streams and buckets are as Homeroom needs them", len(wanted)))
	}
	e.checkDurability(len(wanted)-len(missing), fewer, volatile)
	return missing
}

// nameOf is a bucket's name without what NATS puts before it.
func nameOf(stream string) string { return strings.TrimPrefix(stream, "KV_") }

// checkDurability checks that every stream and bucket is on disk and has 3 replicas. The server does not show clients whether
// it syncs every write: that part is advice.
func (e *examination) checkDurability(there int, fewer, volatile []string) {
	switch {
	case there == 0:
		e.reportNotChecked("no streams yet", "durability")
	case len(volatile) > 0:
		e.reportWarning("durability", "kept in memory only, and lost with the server: "+strings.Join(volatile, ", "), "make them anew on file storage, except for trying things")
	case len(fewer) > 0:
		which := strings.Join(fewer, ", ")
		if len(fewer) == there {
			which = "all streams and buckets"
		}
		e.reportWarning("durability", "fewer than 3 replicas: "+which,
			"in production use three nodes (nats stream edit --replicas 3; --nats-replicas 3 for new ones); with one node set sync_interval: always in nats-server's jetstream {}, else a power cut may lose two minutes")
	default:
		e.reportOK("durability", "every stream and bucket has 3 replicas or more")
	}
}

// How far clocks may be apart. The watermark of a partition takes the earlier of two clocks, so a difference delays
// decisions by as much; and caps and quiet hours are reckoned by the workers' clocks.
const (
	skewWarns = time.Second
	skewFails = 30 * time.Second
)

func (e *examination) checkClock(before, after, server time.Time) {
	if server.IsZero() {
		e.reportNotChecked("this server does not say what time it is", "clock")
		return
	}
	rtt := after.Sub(before)
	e.skew = server.Sub(before.Add(rtt / 2))
	says := fmt.Sprintf("this machine and NATS are %s apart (±%s)", e.skew.Abs().Round(time.Millisecond), (rtt / 2).Round(time.Millisecond))
	const do = "run NTP on both machines: what falls due waits for the slower clock"
	switch apart := e.skew.Abs() - rtt/2; {
	case apart > skewFails:
		e.reportFailure("clock", says, do)
	case apart > skewWarns:
		e.reportWarning("clock", says, do)
	default:
		e.reportOK("clock", says)
	}
}

// checkConsumers looks at the partitions' consumers.
func (e *examination) checkConsumers(ctx context.Context, js jetstream.JetStream) {
	stream, err := js.Stream(ctx, subjects.Stream)
	if err != nil {
		e.reportNotChecked("the stream "+subjects.Stream+" is not there", "consumers")
		return
	}
	found := map[string]*jetstream.ConsumerInfo{}
	list := stream.ListConsumers(ctx)
	for info := range list.Info() {
		if strings.HasPrefix(info.Name, "homeroom-triggers-") {
			found[info.Name] = info
		}
	}
	if err := list.Err(); err != nil {
		e.reportFailure("consumers", "they cannot be listed: "+err.Error(), "if it has permissions: let Homeroom publish to $JS.API.CONSUMER.>")
		return
	}
	var absent, wrong []string
	var pending uint64
	for p := range subjects.Partitions {
		name := "homeroom-triggers-" + strconv.Itoa(p)
		info, ok := found[name]
		if !ok {
			absent = append(absent, strconv.Itoa(p))
			continue
		}
		pending += info.NumPending
		if diffs := consumerDifferences(info.Config, p); len(diffs) > 0 {
			wrong = append(wrong, name+": "+strings.Join(diffs, ", "))
		}
	}
	waiting := fmt.Sprintf("%d events wait", pending)
	switch {
	case len(absent) == subjects.Partitions:
		e.reportWarning("consumers", "there are none yet", "start `homeroom serve` with the role triggers: it makes them")
	case len(wrong) > 0:
		e.reportFailure("consumers", strings.Join(wrong, "\n"), "restart `homeroom serve` with the role triggers: it sets them right; if not, delete them while it is stopped, and events that were not acknowledged come again")
	case len(absent) > 0:
		e.reportFailure("consumers", "of no partition "+strings.Join(absent, ", ")+": events there are not read", "restart `homeroom serve` with the role triggers: it makes them")
	default:
		e.reportOK("consumers", fmt.Sprintf("all %d are as Homeroom needs them; %s", subjects.Partitions, waiting))
	}
}

// consumerDifferences says in what a consumer would lose or reorder events.
func consumerDifferences(c jetstream.ConsumerConfig, p int) []string {
	var diffs []string
	if c.FilterSubject != subjects.Partition(p) {
		diffs = append(diffs, fmt.Sprintf("it reads %q, not %q", c.FilterSubject, subjects.Partition(p)))
	}
	if c.AckPolicy != jetstream.AckExplicitPolicy {
		diffs = append(diffs, "it does not wait for acknowledgements")
	}
	if c.MaxDeliver != -1 {
		diffs = append(diffs, fmt.Sprintf("it gives an event up after %d tries", c.MaxDeliver))
	}
	if c.DeliverPolicy != jetstream.DeliverAllPolicy {
		diffs = append(diffs, "it does not begin with the first event")
	}
	if c.InactiveThreshold > 0 {
		diffs = append(diffs, "it goes away after "+c.InactiveThreshold.String()+" without readers")
	}
	slices.Sort(diffs)
	return diffs
}
