package servers

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// TestAClusterKeepsWhatOneNodeLoses: with three replicas everything goes on without one of the nodes, and nothing is lost.
func TestAClusterKeepsWhatOneNodeLoses(t *testing.T) {
	ctx := within(t, time.Minute)
	c, err := StartNATSCluster(ctx, NATSClusterOptions{Nodes: 3, Dir: filepath.Join(t.TempDir(), "nats")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		for range 2 { // the second stop finds nothing to do
			if err := c.Stop(within(t, time.Minute)); err != nil {
				t.Error(err)
			}
		}
	}()
	if urls := strings.Split(c.URL(), ","); len(urls) != 3 {
		t.Errorf("clients are told %s", c.URL())
	}
	nc, err := nats.Connect(c.URL(), nats.MaxReconnects(-1))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "LEARNING", Subjects: []string{"learning.>"}, Replicas: 3})
	if err != nil {
		t.Fatal(err)
	}
	info, err := stream.Info(ctx)
	if err != nil || info.Cluster == nil || len(info.Cluster.Replicas) != 2 {
		t.Fatalf("the stream has the cluster %+v, %v; want two replicas beside the leader", info.Cluster, err)
	}
	publishUntilStored(t, js, "before")
	for _, node := range c.nodes {
		if node.server.Name() == info.Cluster.Leader {
			if err := node.Stop(within(t, time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
	}
	publishUntilStored(t, js, "without the leader")
	info, err = stream.Info(ctx)
	if err != nil || info.State.Msgs != 2 {
		t.Errorf("without the leader the stream has %+v, %v; want both messages, each once", info, err)
	}
}

// publishUntilStored publishes a message, again while the cluster elects a leader; by its id the stream has it once. Each try has a second of its own: a
// message that went to the node that stopped is never answered.
func publishUntilStored(t *testing.T, js jetstream.JetStream, id string) {
	t.Helper()
	ctx := within(t, time.Minute)
	for {
		try, cancel := context.WithTimeout(ctx, time.Second)
		_, err := js.Publish(try, "learning.u_42.lesson.completed", []byte("{}"), jetstream.WithMsgID(id))
		cancel()
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}
