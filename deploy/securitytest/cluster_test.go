package securitytest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"homeroom/internal/natstest"
	"homeroom/store"
	"homeroom/subjects"
)

// TestTheClusterForms starts three nodes from deploy/nats, only their addresses and directories changed, sets Homeroom up with
// three replicas, and takes one node away.
func TestTheClusterForms(t *testing.T) {
	t.Parallel()
	t.Run("without TLS", func(t *testing.T) {
		t.Parallel()
		clusterForms(t, "nats.conf", nil)
	})
	t.Run("with TLS", func(t *testing.T) {
		t.Parallel()
		clusterForms(t, "nats-tls.conf", newAuthority(t, "ours"))
	})
}

// clusterForms runs the test of one configuration file; ca is nil without TLS.
func clusterForms(t *testing.T, file string, ca *authority) {
	base := t.TempDir()
	var opts []nats.Option
	if ca != nil {
		opts = append(opts, nats.RootCAs(ca.file))
	}
	ports := freePorts(t, 3)
	var routes []string
	for _, port := range ports {
		routes = append(routes, fmt.Sprintf("nats-route://route:%s@127.0.0.1:%d", natstest.Passwords()["NATS_ROUTE_PASSWORD"], port))
	}
	log := &natstest.RefusalLog{}
	var nodes []*server.Server
	var urls []string
	for i, port := range ports {
		dir := filepath.Join(base, fmt.Sprint(i))
		conf := copyConfig(t, dir, file, port)
		fillVariables(t, dir, fmt.Sprintf("nats-%d", i+1), routes)
		if ca != nil {
			ca.writeServerFiles(dir)
		}
		nodes = append(nodes, natstest.StartFile(t, conf, log))
		urls = append(urls, "nats://homeroom-setup:"+natstest.Passwords()["NATS_SETUP_PASSWORD"]+"@"+nodes[i].Addr().String())
	}
	awaitCondition(t, "a leader that has heard of all three", func() bool {
		leaders := 0
		for _, node := range nodes {
			if node.JetStreamIsLeader() && len(node.JetStreamClusterPeers()) == 3 {
				leaders++
			}
		}
		return leaders == 1 && nodes[0].JetStreamIsCurrent() && nodes[1].JetStreamIsCurrent() && nodes[2].JetStreamIsCurrent()
	})
	nc, err := nats.Connect(strings.Join(urls, ","), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Setup(deadlineOf(t), js, store.Options{Replicas: 3}); err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for _, node := range nodes {
		platforms = append(platforms, "nats://platform:"+natstest.Passwords()["NATS_PLATFORM_PASSWORD"]+"@"+node.Addr().String())
	}
	pc, err := nats.Connect(strings.Join(platforms, ","), append(opts, nats.MaxReconnects(-1))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pc.Close)
	platform, err := jetstream.New(pc)
	if err != nil {
		t.Fatal(err)
	}
	publishBody(t, platform, "u_42", "lesson.completed", map[string]any{"id": "e1"})
	nodes[2].Shutdown()
	nodes[2].WaitForShutdown()
	awaitCondition(t, "an event to be stored by the two that are left", func() bool {
		ack, err := platform.Publish(t.Context(), subjects.Publish("u_42", "lesson.completed"), []byte(`{"id":"e2"}`), jetstream.WithMsgID("u_42:e2"))
		return err == nil && ack.Sequence == 2
	})
	if refused := log.Lines(); len(refused) > 0 {
		t.Errorf("the servers refused %q", refused)
	}
	if ca == nil {
		blamesNoImport(t, nodes, platform)
	}
}

// blamesNoImport stops the second of three nodes, so that nobody serves the streams, and checks that no import is called missing.
func blamesNoImport(t *testing.T, nodes []*server.Server, platform jetstream.JetStream) {
	t.Helper()
	nodes[1].Shutdown()
	nodes[1].WaitForShutdown()
	nc, err := nats.Connect("nats://homeroom-worker:" + natstest.Passwords()["NATS_WORKER_PASSWORD"] + "@" + nodes[0].Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	unserved := 0
	awaitCondition(t, "three questions while nobody serves the streams", func() bool {
		_, err := platform.Publish(t.Context(), subjects.Publish("u_42", "lesson.completed"), []byte(`{"id":"e3"}`), jetstream.WithRetryAttempts(0))
		if errors.Is(err, jetstream.ErrNoStreamResponse) {
			unserved++
		}
		if err := store.CheckRole(t.Context(), js, "worker"); errors.Is(err, store.ErrMissingImport) {
			t.Fatal(err)
		}
		return unserved >= 3
	})
}

var configFiles = []string{"accounts.conf", "server.conf", "nats.conf", "nats-tls.conf"}

// TestEveryVariableOfTheServersIsKnown: every environment variable that deploy/nats reads is set by the tests and by
// docker-compose.yml.
func TestEveryVariableOfTheServersIsKnown(t *testing.T) {
	known := map[string]bool{"NATS_NAME": true, "NATS_ROUTES": true, "NATS_STORE_DIR": true}
	for name := range natstest.Passwords() {
		known[name] = true
	}
	for _, file := range configFiles {
		for word := range strings.FieldsFuncSeq(readFile(t, filepath.Join(configDir, file)), func(r rune) bool { return strings.ContainsRune(" ,}\n", r) }) {
			if name, ok := strings.CutPrefix(word, "$"); ok && strings.HasPrefix(name, "NATS_") && !known[name] {
				t.Errorf("%s reads %s, which neither the tests nor docker-compose.yml set", file, name)
			}
		}
	}
}

// TestTheServersSyncEveryTwoMinutes: NATS reads the interval of docs/operations.md, and not a number of seconds.
func TestTheServersSyncEveryTwoMinutes(t *testing.T) {
	natstest.SetPasswords(t)
	opts, err := server.ProcessConfigFile(copyConfig(t, t.TempDir(), "server.conf", 0))
	if err != nil {
		t.Fatal(err)
	}
	if opts.SyncInterval != 2*time.Minute || opts.SyncAlways {
		t.Errorf("files are synced every %s (always: %t), want %s", opts.SyncInterval, opts.SyncAlways, 2*time.Minute)
	}
}

// copyConfig copies the configuration of a node into a directory, with a port of the loopback interface for clients and one for
// the other nodes. The node keeps its data there.
func copyConfig(t *testing.T, dir, file string, routePort int) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range configFiles {
		text := readFile(t, filepath.Join(configDir, name))
		for from, to := range map[string]string{
			"listen: 0.0.0.0:4222": "listen: 127.0.0.1:-1", "listen: 0.0.0.0:6222": fmt.Sprintf("listen: 127.0.0.1:%d", routePort),
			"http: 127.0.0.1:8222": "http: 127.0.0.1:-1", "/run/secrets/": dir + "/", "$NATS_STORE_DIR": fmt.Sprintf("%q", filepath.Join(dir, "data")),
		} {
			text = strings.ReplaceAll(text, from, to)
		}
		writeFile(t, filepath.Join(dir, name), text)
	}
	return filepath.Join(dir, file)
}

// fillVariables writes the name of a node, the nodes and the passwords into a copied configuration in the place of their environment variables: tests that run at the same time
// have one environment.
func fillVariables(t *testing.T, dir, name string, routes []string) {
	t.Helper()
	variables := strings.NewReplacer("$NATS_NAME", name, "$NATS_ROUTES", `["`+strings.Join(routes, `","`)+`"]`)
	for _, file := range configFiles {
		path := filepath.Join(dir, file)
		writeFile(t, path, natstest.FillPasswords(variables.Replace(readFile(t, path))))
	}
}

// freePorts finds ports of the loopback interface that nobody listens on. They lie below the range from which Linux serves port
// 0 (32768 and higher), so that no test that runs beside this one is given a port before a node of the cluster listens on it.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for attempt := 0; len(ports) < n && attempt < 1000; attempt++ {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(22_000)))
		if err != nil {
			continue
		}
		defer listener.Close() // all are held until all are found
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	if len(ports) < n {
		t.Fatalf("found %d free ports, want %d", len(ports), n)
	}
	return ports
}
