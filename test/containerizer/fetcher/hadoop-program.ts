// A program with the command line of the Hadoop client.

/** Copies from a folder beside it, as `hadoop fs -copyToLocal` does from its systems. */
export const HADOOP_CLIENT = `#!/bin/sh
echo "$@" "as $(id -un)" >> "$HADOOP_LOG"
[ "$1 $2" = "fs -copyToLocal" ] || { echo "what is $*?" >&2; exit 1; }
[ -e "$4" ] && { echo "copyToLocal: '$4': File exists" >&2; exit 1; }
from="$HADOOP_HOME/files/\${3#*://}"
[ -e "$from" ] || { echo "copyToLocal: '$3': No such file or directory" >&2; exit 1; }
exec cp -R "$from" "$4"
`;
