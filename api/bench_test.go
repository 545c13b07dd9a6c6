package api_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const batchSize = 100

// poster posts batches of new events over connections that are kept.
type poster struct {
	k      *kit
	client *http.Client
	next   atomic.Int64
}

func newPoster(k *kit) *poster {
	return &poster{k: k, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
}

// body returns so many events that were not posted before.
func (p *poster) body(events int) []byte {
	var out bytes.Buffer
	last := p.next.Add(int64(events))
	for n := range int64(events) {
		id := last - n
		fmt.Fprintf(&out, `{"id":"b%d","event":"lesson.completed","learner_id":"u_%d","time":"2026-03-02T10:00:00Z","properties":{"course_id":"go-101","lesson_id":"l%d","duration_seconds":312,"module_id":"m3"}}`+"\n",
			id, id%50_000, id%40)
	}
	return out.Bytes()
}

func (p *poster) post(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.k.url+"/v1/events", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("Authorization", "Bearer "+p.k.key)
	res, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusAccepted {
		err = fmt.Errorf("%s: %s", res.Status, strings.TrimSpace(string(text)))
	}
	return err
}

// BenchmarkBatches posts batches of 100 events over eight connections, to a server whose NATS keeps them on disk. An operation is a batch; events/s counts the
// events that were confirmed. Client, API and NATS are one process; cpu-µs/event is the processor time of all three.
func BenchmarkBatches(b *testing.B) {
	k, _ := openReal(b)
	p := newPoster(k)
	b.SetParallelism(8)
	b.ResetTimer()
	before := processorTime(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := p.post(b.Context(), p.body(batchSize)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N*batchSize)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N*batchSize), "cpu-µs/event")
}

// processorTime returns the processor time that this process has used.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkSinglesUnderLoad posts single events while 20,000 events a second are posted in batches of 100, and reports how long the slowest of a hundred
// took, and how much load there was.
func BenchmarkSinglesUnderLoad(b *testing.B) {
	k, _ := openReal(b)
	p := newPoster(k)
	ctx, stop := context.WithCancel(b.Context())
	var clients sync.WaitGroup
	var loaded atomic.Int64
	turns := time.NewTicker(time.Second / 200)
	defer turns.Stop()
	for range 16 {
		clients.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-turns.C:
				}
				if p.post(ctx, p.body(batchSize)) == nil {
					loaded.Add(batchSize)
				}
			}
		})
	}
	took := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for range b.N {
		body := p.body(1)
		began := time.Now()
		if err := p.post(ctx, body); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	b.StopTimer()
	events := float64(loaded.Load()) / b.Elapsed().Seconds()
	stop()
	clients.Wait()
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*50/100].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(events, "load-events/s")
}
