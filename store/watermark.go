package store

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"homeroom/subjects"
)

const watermarkPrefix = "mark."

type watermark struct {
	at       time.Time
	revision uint64
}

// PartitionOf is the partition that the stream's subject transform gives a learner: FNV-1a of the subject's token.
func PartitionOf(learner string) int {
	h := fnv.New32a()
	h.Write([]byte(subjects.Escape(learner)))
	return int(h.Sum32() % subjects.Partitions)
}

// PublishWatermark records that everything the partition stored up to `at` (in Homeroom's time) has been handed over. A
// mark never moves back: an older one than is known changes nothing.
func (c *Control) PublishWatermark(ctx context.Context, partition int, at time.Time) error {
	if partition < 0 || partition >= subjects.Partitions {
		return fmt.Errorf("partition %d: there are 0 to %d", partition, subjects.Partitions-1)
	}
	value, err := at.UTC().MarshalText()
	if err != nil {
		return fmt.Errorf("watermark of partition %d: %w", partition, err)
	}
	known := c.newestWatermark(partition)
	for range maxTries {
		if !at.After(known.at) {
			return nil
		}
		var next uint64
		if known.revision == 0 {
			next, err = c.kv.Create(ctx, watermarkKey(partition), value)
		} else {
			next, err = c.kv.Update(ctx, watermarkKey(partition), value, known.revision)
		}
		if err == nil {
			c.mu.Lock()
			c.written[partition] = watermark{at, next}
			c.mu.Unlock()
			return nil
		}
		if !errors.Is(err, jetstream.ErrKeyExists) && !errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			return fmt.Errorf("write the watermark of partition %d: %w", partition, err)
		}
		if known, err = c.readWatermark(ctx, partition); err != nil {
			return err
		}
	}
	return fmt.Errorf("write the watermark of partition %d: lost %d races in a row", partition, maxTries)
}

func (c *Control) readWatermark(ctx context.Context, partition int) (watermark, error) {
	entry, err := c.kv.Get(ctx, watermarkKey(partition))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return watermark{}, nil
	}
	if err != nil {
		return watermark{}, fmt.Errorf("read the watermark of partition %d: %w", partition, err)
	}
	m := watermark{revision: entry.Revision()}
	if m.at.UnmarshalText(entry.Value()) != nil {
		m.at = time.Time{} // a damaged mark says nothing; the next one is written over it
	}
	return m, nil
}

// Watermark is how far the partition was handed over, as last heard of; zero: nobody has said so yet.
func (c *Control) Watermark(partition int) time.Time { return c.knownWatermark(partition).at }

// newestWatermark is the newest one that this process wrote or heard of. A decision uses one that the watch has not reported only after it has asked
// who is set aside. The watch reports in the order of the writes, so this process knows everybody who was set aside before a reported mark was written.
func (c *Control) newestWatermark(partition int) watermark {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.written[partition].revision > c.watermarks[partition].revision {
		return c.written[partition]
	}
	return c.watermarks[partition]
}

// knownWatermark is the newest one that the watch has reported.
func (c *Control) knownWatermark(partition int) watermark {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.watermarks[partition]
}

// AwaitHandedOver waits until the partition was handed over up to want, but no longer than wait (real time), and returns
// how far it is then. It comes back early, with the mark as it is, when ctx ends.
func (c *Control) AwaitHandedOver(ctx context.Context, partition int, want time.Time, wait time.Duration) time.Time {
	var timeout <-chan time.Time
	for {
		c.mu.Lock()
		at := c.watermarks[partition].at
		changed := c.watermarkMoved
		c.mu.Unlock()
		if !at.Before(want) || wait <= 0 {
			return at
		}
		if timeout == nil {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-changed:
		case <-timeout:
			// The watch may have stalled: before saying "no", ask the bucket itself. Only the watch makes a mark known to others; see AwaitLearner.
			m, err := c.readWatermark(ctx, partition)
			if err != nil {
				return c.Watermark(partition)
			}
			return laterOf(m.at, c.Watermark(partition))
		case <-ctx.Done():
			return c.Watermark(partition)
		}
	}
}

// advanceWatermark takes a newer record in and wakes who waits. The caller holds the lock.
func (c *Control) advanceWatermark(partition int, m watermark) {
	if m.revision <= c.watermarks[partition].revision {
		return
	}
	m.at = laterOf(m.at, c.watermarks[partition].at)
	c.watermarks[partition] = m
	close(c.watermarkMoved)
	c.watermarkMoved = make(chan struct{})
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func watermarkKey(partition int) string { return watermarkPrefix + strconv.Itoa(partition) }

func partitionOfKey(key string) (int, bool) {
	text, ok := strings.CutPrefix(key, watermarkPrefix)
	if !ok {
		return 0, false
	}
	p, err := strconv.Atoi(text)
	return p, err == nil && p >= 0 && p < subjects.Partitions
}
