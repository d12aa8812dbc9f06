// Package slim declares by hand those resources of AWS whose packages in pulumi-aws cost more to compile than they
// give.
//
// Importing ec2 takes 36 CPU-seconds and 3.3 GB of memory, for thirteen types of 169 files; cloudwatch, ecr and kms
// take 11 CPU-seconds more for four. What is imported of pulumi-aws takes 10, and 0.45 GB (amd64, Go 1.26).
//
// Types and fields have the names that they have there, but for Go's way of writing ID, and their meaning:
// https://www.pulumi.com/registry/packages/aws/. There are those fields that are used. What is registered is the same,
// so that a package could be imported again without a trace in anybody's state. A test compares every token, property
// and type with the SDK's source.
package slim
