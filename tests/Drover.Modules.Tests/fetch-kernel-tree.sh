#!/bin/sh
# Unpacks the kernel package that a Debian meta package stands for: fetch-kernel-tree.sh TREES NAME META [ARCHITECTURE]
# gives TREES/NAME/lib/modules/RELEASE. Whoever comes while another fetches waits for the lock and finds the tree there.
# For another architecture than the machine's, apt has lists of its own, from the machine's sources: TREES/.apt-ARCHITECTURE.
set -eu
trees=$1 name=$2 meta=$3 architecture=${4:-}
mkdir -p "$trees"
exec 9>"$trees/.lock"
flock 9
[ -d "$trees/$name/lib/modules" ] && exit 0

if [ -n "$architecture" ] && [ "$architecture" != "$(dpkg --print-architecture)" ]; then
    apt=$trees/.apt-$architecture
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    cat >"$apt/apt.conf" <<TEXT
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
Acquire::Languages "none";
Dir::State "$apt";
Dir::State::status "/dev/null";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
TEXT
    export APT_CONFIG="$apt/apt.conf"
fi

new=$(mktemp -d "$trees/.new.XXXXXX")
trap 'rm -rf "$new"' EXIT
cd "$new"
download() {
    package=$(apt-cache depends "$meta" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
    [ -n "$package" ] && apt-get download -qq -o APT::Sandbox::User=root "$package"
}
# lists may be missing, or name a package that has been superseded
download || { apt-get update -qq && download; }
dpkg-deb -x ./*.deb tree
rm -rf "${trees:?}/$name"
mv tree "$trees/$name"
