package lifetest

import (
	"errors"
	"flag"
)

var record = flag.Bool("record", false, "write the histories to workflows/testdata/histories, where the replay test reads them")

var errNotYet = errors.New("not yet")
