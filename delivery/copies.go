package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"homeroom/internal/mailaddress"
)

// allowedCopies returns those of the addresses that may get a copy now: the allow-list names them, they are not suppressed, and the message does not go to them
// anyway. Each mailbox is named once, because a provider refuses a mail that names one twice.
func (d *Deliverer) allowedCopies(ctx context.Context, to Recipient, addresses []string) (allowed []string, err error) {
	named := map[string]bool{mailaddress.Normalize(to.Address): true}
	for _, address := range to.AlsoTo {
		named[mailaddress.Normalize(address)] = true
	}
	for _, address := range addresses {
		form := mailaddress.Normalize(address)
		if named[form] {
			continue
		}
		named[form] = true
		if d.o.Staff == nil || !d.o.Allow.Allows(address) {
			continue
		}
		suppressed, err := d.o.Staff.Suppressed(ctx, address)
		if err != nil {
			return nil, d.wrapNotBegun(ctx, "ask whether a copy may be sent", err)
		}
		if !suppressed {
			allowed = append(allowed, address)
		}
	}
	return allowed, nil
}

// hashCopies are the addresses of copies as the ledger keeps them.
func hashCopies(addresses []string) (hashes []string) {
	for _, address := range addresses {
		hashes = append(hashes, hashCopy(address))
	}
	return hashes
}

// hashCopy is an address of a copy as the ledger keeps it. The addresses stand in settings.yaml, so that the hash hides nothing: it keeps addresses out of the ledger.
func hashCopy(address string) string {
	sum := sha256.Sum256([]byte(mailaddress.Normalize(address)))
	return hex.EncodeToString(sum[:8])
}
