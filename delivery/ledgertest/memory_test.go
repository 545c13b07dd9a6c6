package ledgertest_test

import (
	"testing"

	"homeroom/delivery"
	"homeroom/delivery/ledgertest"
)

func TestMemory(t *testing.T) {
	ledgertest.Run(t, func(*testing.T) delivery.Ledger { return new(ledgertest.Memory) })
}
