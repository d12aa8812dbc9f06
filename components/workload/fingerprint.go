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
	salt := []byte(id.Namespace + "/" + id.Name)
	return pulumi.All(values...).ApplyT(func(all []any) (string, error) {
		key, err := pbkdf2.Key(sha256.New, fmt.Sprintf("%q", all), salt, iterations, hashLength/2)
		return hex.EncodeToString(key), err
	}).(pulumi.StringOutput)
}
