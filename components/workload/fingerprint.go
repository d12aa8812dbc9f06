package workload

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// iterations makes each guess at a fingerprinted value cost some hundredth of a second.
const iterations = 100_000

// Fingerprint is an annotation's value that changes when one of the values does, so that pods which read them are made
// anew. It tells nothing of them: who may read pods but not Secrets would have to try each guess through a slow
// function of which a few bits are kept. It is as secret as the values are.
func Fingerprint(id ID, values ...any) pulumi.StringOutput {
	return pulumi.All(values...).ApplyT(func(all []any) (string, error) {
		return fingerprint(id, all)
	}).(pulumi.StringOutput)
}

// FingerprintNow is [Fingerprint] of values that are known already. It is no secret.
func FingerprintNow(id ID, values ...string) (string, error) {
	all := make([]any, len(values))
	for i, value := range values {
		all[i] = value
	}
	return fingerprint(id, all)
}

func fingerprint(id ID, values []any) (string, error) {
	salt := []byte(id.Namespace + "/" + id.Name)
	key, err := pbkdf2.Key(sha256.New, fmt.Sprintf("%q", values), salt, iterations, hashLength/2)
	if err != nil {
		return "", fmt.Errorf("fingerprint of %s: %w", id.Name, err)
	}
	return hex.EncodeToString(key), nil
}
