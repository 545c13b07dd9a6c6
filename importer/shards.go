package importer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// shardCount is how many parts an import is sorted into. One of them at a time is held in memory.
const shardCount = 256

// shards are temporary files that an import is sorted into by learner, so that each learner's events are imported
// together, whatever their order. Nobody else can open the files, and they are gone when the process is.
type shards struct {
	files   [shardCount]*os.File
	writers [shardCount]*bufio.Writer
	events  int
}

func openShards() (*shards, error) {
	s := &shards{}
	for i := range s.files {
		f, err := os.CreateTemp("", "homeroom-import-*") // mode 0600
		if err != nil {
			return nil, errors.Join(fmt.Errorf("sorting the import needs room for temporary files; TMPDIR says where: %w", err), s.close())
		}
		_ = os.Remove(f.Name()) // where a file cannot be removed while it is open, close does it
		s.files[i] = f
		s.writers[i] = bufio.NewWriterSize(f, 16<<10)
	}
	return s, nil
}

func (s *shards) close() error {
	var errs error
	for _, f := range s.files {
		if f != nil {
			errs = errors.Join(errs, f.Close())
			_ = os.Remove(f.Name())
		}
	}
	return errs
}

// inputLine is one event of an import.
type inputLine struct {
	number int
	body   []byte
}

// appendLine adds an event to its learner's shard.
func (s *shards) appendLine(learner string, l inputLine) error {
	h := fnv.New32a()
	h.Write([]byte(learner))
	w := s.writers[h.Sum32()%shardCount]
	head := binary.AppendUvarint(nil, uint64(l.number))
	head = binary.AppendUvarint(head, uint64(len(learner)))
	head = append(head, learner...)
	head = binary.AppendUvarint(head, uint64(len(l.body)))
	_, err := w.Write(head)
	if err == nil {
		_, err = w.Write(l.body)
	}
	if err != nil {
		return fmt.Errorf("write a temporary file; TMPDIR says where: %w", err)
	}
	s.events++
	return nil
}

// readShard returns the events of shard i by learner, each learner's in the order in which they were appended.
func (s *shards) readShard(i int) (map[string][]inputLine, error) {
	err := s.writers[i].Flush()
	if err == nil {
		_, err = s.files[i].Seek(0, io.SeekStart)
	}
	var all []byte
	if err == nil {
		all, err = io.ReadAll(s.files[i])
	}
	if err != nil {
		return nil, fmt.Errorf("read a temporary file: %w", err)
	}
	learners := map[string][]inputLine{}
	readNumber := func() int {
		v, n := binary.Uvarint(all)
		all = all[n:]
		return int(v)
	}
	readText := func() []byte {
		n := readNumber()
		b := all[:n:n]
		all = all[n:]
		return b
	}
	for len(all) > 0 {
		l := inputLine{number: readNumber()}
		learner := string(readText())
		l.body = readText()
		learners[learner] = append(learners[learner], l)
	}
	return learners, nil
}
