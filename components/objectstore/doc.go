// Package objectstore is how applications get at buckets, whoever keeps them: a server in the cluster (package minio),
// a cloud, or somebody else behind an S3 endpoint.
//
// A [Bucket] is what a keeper hands out. It says where the bucket is, how it is addressed, and who may use it: by keys
// that a Secret holds, or, keyless, by permissions of the workload's identity in the cloud. [Bucket.Binding] turns it
// into what one application needs, under the names that the application reads.
//
// Applications of this kind look for each of their settings in three places, the first that has it wins: environment
// variables, a row of their table s3_settings, a JSON file. The platform writes to one of them, which the stack
// chooses: variables ([Bucket.Binding]), the row ([Statement] with [Settings.Values]), which an administrator may then
// change and the platform leaves as it is, or the file ([Settings.File]). Keys are in none of the last two: they arrive
// as variables, from a Secret, always ([Bucket.Access]).
package objectstore
