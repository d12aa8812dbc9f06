package platform

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi-random/sdk/v4/go/random"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"plinth/components/workload"
)

// DatabaseArgs say what server a database runs on, in terms that every cloud has. What is plain decides which resources
// there are.
type DatabaseArgs struct {
	// Called is what the database is called in the environment, a DNS label: it is part of names in the account.
	Called string
	// Engine runs it, in the major version Version, such as "17" or "8.4".
	Engine  DatabaseEngine
	Version string
	// Size is the machine's, and Machine the cloud's own type instead, where not empty.
	Size    Size
	Machine string
	// Storage is what it starts with in GiB, at least [LeastStorage]; it grows by itself to [StorageGrowth] times that.
	Storage int
	// MultiZone keeps a second server in another zone, which has every commit and takes over by itself.
	MultiZone bool
	// Replicas is the number of servers that follow, and can be read from.
	Replicas int
	// Backups is for how many days there is a daily backup, from 1 to 35, and the logs to recover any moment since as far
	// as the cloud keeps them.
	Backups int
	// Settings are the server's own, by its names for them, over those that the platform sets.
	Settings map[string]string
	// Password is the administrator's; a secret.
	Password pulumi.StringInput
	// Protect refuses deletion, in Pulumi and at the cloud. Retain leaves what the data can be had back from when the
	// database is destroyed.
	Protect, Retain bool
}

// DatabaseEngine is what runs a database.
type DatabaseEngine string

// The engines.
const (
	DatabasePostgres DatabaseEngine = "postgres"
	DatabaseMySQL    DatabaseEngine = "mysql"
)

// Port is what the engine's servers listen on.
func (e DatabaseEngine) Port() int {
	if e == DatabaseMySQL {
		return 3306
	}
	return 5432
}

const (
	// LeastStorage is the least that a server starts with, in GiB: what RDS asks of gp3, and more than Cloud SQL does.
	LeastStorage = 20
	// StorageGrowth is how many times what it starts with a server's storage may become by itself.
	StorageGrowth = 4
)

// Administrator is the login that [DatabaseArgs.Password] belongs to. It may make roles and databases.
const Administrator = "plinth"

// Database is a server that a cloud runs, with its replicas. Only workloads in the environment's network reach it, over
// TLS.
type Database struct {
	// Host is the server's, Readers are those of the replicas: names or addresses. Port is that of all of them.
	Host    pulumi.StringInput
	Readers []pulumi.StringInput
	Port    int
	// Ranges are where the hosts have their addresses.
	Ranges []string
	// Authority are the certificates that vouch for the servers, in PEM. Nameless says that the servers' own hold no
	// names: then they vouch for these servers alone.
	Authority pulumi.StringInput
	Nameless  bool
	// Ready is there when the server can be used, Replicated when the replicas can.
	Ready, Replicated []pulumi.Resource
}

// DatabaseName is what a server is called in an account, in limit bytes at most: the environment and the database, and
// a suffix that is made with the server. So one that takes its place has another name, and so has what is left of each:
// clouds go on knowing the names of what was deleted. opts are those of the suffix, which random makes.
func DatabaseName(
	ctx *pulumi.Context, name string, limit int, environment string, args *DatabaseArgs, opts ...pulumi.ResourceOption,
) (pulumi.StringOutput, error) {
	suffix, err := random.NewRandomId(ctx, name+"-suffix", &random.RandomIdArgs{
		ByteLength: pulumi.Int(nameSuffix), Keepers: pulumi.StringMap{"engine": pulumi.String(string(args.Engine))},
	}, opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("making a name for the server of database %s: %w", args.Called, err)
	}
	base := workload.Name(limit-len("-")-2*nameSuffix, dashes.ReplaceAllString(environment+"-"+args.Called, "-"))
	return pulumi.Sprintf("%s-%s", base, suffix.Hex), nil
}

// dashes are what RDS does not take in a name: more than one at a time.
var dashes = regexp.MustCompile("--+")

// nameSuffix is how many bytes tell servers of one database apart, each two digits long.
const nameSuffix = 4
