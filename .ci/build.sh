# What ./drover, ./build and ./test share: the tools a build needs, and the native programs. Sourced by bash, with $root set.

# Debian's name of this machine's architecture
case $(uname -m) in
    x86_64) host_arch=amd64 ;;
    aarch64) host_arch=arm64 ;;
    *) host_arch=$(uname -m) ;;
esac
native=$root/artifacts/native/drover
native_study=$root/artifacts/native/drover-study
cross=$root/artifacts/native-arm64 # programs for arm64, on x86-64

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$@"; exit 1; }

# The SDK's surroundings: no banner, no telemetry, no build process left behind, English, and a home even where there is none.
need_dotnet() {
    command -v dotnet >/dev/null || die "needs the .NET 10 SDK: install it from https://dot.net or your distribution, so that 'dotnet' is in PATH"
    export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_CLI_UI_LANGUAGE=en DOTNET_GENERATE_ASPNET_CERTIFICATE=false
    export MSBUILDDISABLENODEREUSE=1
    if [ -z "${HOME:-}" ]; then
        export HOME=$root/.cache/home
        mkdir -p "$HOME"
    fi
}

# ARCHITECTURE: sets $native_folder to the directory of its programs.
find_native_folder() {
    case $host_arch:$1 in
        amd64:amd64 | arm64:arm64) native_folder=${native%/*} ;;
        amd64:arm64) native_folder=$cross ;;
        *) die "cannot build for $1 on $host_arch: only for amd64 and arm64 on themselves, and for arm64 on amd64" ;;
    esac
}

apt_install() { DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" </dev/null >&2; }

# NativeAOT links with clang or gcc, and needs the C library's start files.
has_linker() { command -v clang || command -v gcc; } >/dev/null
# crt1.o is libc6-dev-arm64-cross's; without it the compiler prints the bare name
has_arm64_linker() { [[ $(aarch64-linux-gnu-gcc -print-file-name=crt1.o 2>/dev/null) == /* ]]; }

# ARCHITECTURE
need_linker() {
    local packages="gcc libc6-dev" what="a C linker for the native binary"
    if [ "$1" = "$host_arch" ]; then
        has_linker && return
    else
        has_arm64_linker && return
        packages="gcc-aarch64-linux-gnu libc6-dev-arm64-cross" what="a C cross compiler for arm64"
    fi
    command -v apt-get >/dev/null || die "needs $what: install what Debian calls $packages"
    [ "$(id -u)" = 0 ] || die "needs $what: run 'sudo apt-get install $packages'"
    say "installing $packages (links the native binary)"
    { apt-get update -qq </dev/null >&2 && apt_install $packages; } ||
        die "could not install $packages with apt-get"
}

# PROGRAM: whether it is newer than every file it is built from.
native_is_fresh() {
    [ -x "$1" ] &&
        [ -z "$(find "$root"/src "$root"/packaging/*.list "$root"/packaging/root "$root"/Directory.*.props "$root/global.json" \( -name bin -o -name obj \) -prune -o -type f -newer "$1" -print -quit)" ]
}

# PROGRAM…: builds each of the native programs that is older than its sources; artifacts/native-arm64/drover is the one for
# arm64. A second process waits for the first.
ensure_native() {
    local program stale=()
    for program in "$@"; do native_is_fresh "$program" || stale+=("$program"); done
    [ ${#stale[@]} != 0 ] || return 0
    { mkdir -p "$root/artifacts/native" && [ -w "$root/artifacts/native" ]; } 2>/dev/null ||
        die "needs to build the native program, and may not write to $root/artifacts: run it once as the owner of $root"
    exec 9>"$root/artifacts/native/.lock"
    if command -v flock >/dev/null; then
        flock -n 9 || { say "waiting for another build of the native programs"; flock 9; }
    fi
    for program in "${stale[@]}"; do
        native_is_fresh "$program" || (build_native "$program" 9>&-) || exit 1
    done
    exec 9>&-
}

build_native() {
    local arch=$host_arch project runtime name=${1##*/} folder=${1%/*} publish objcopy=objcopy
    [ "$folder" != "$cross" ] || { arch=arm64 objcopy=aarch64-linux-gnu-objcopy; }
    publish=$root/artifacts/publish/$arch/$name
    case $arch in
        amd64) runtime=linux-x64 ;;
        arm64) runtime=linux-arm64 ;;
        *) die "no native build for $arch" ;;
    esac
    case $name in
        drover) project=Drover ;;
        drover-study) project=Drover.Study ;;
    esac
    need_dotnet
    need_linker "$arch"
    say "building $name for $arch (about a minute the first time)"
    mkdir -p "$folder"
    # a build that was killed leaves half a file, which the next one would take for a whole
    [ ! -e "$folder/.unfinished-$name" ] || rm -rf "$root/src/$project"/{bin,obj}/Release/net10.0/$runtime/native
    touch "$folder/.begun" "$folder/.unfinished-$name"
    dotnet publish "$root/src/$project" -c Release -r $runtime -o "$publish" -v quiet </dev/null >"$folder/build.log" 2>&1 || {
        cat "$folder/build.log" >&2
        die "the native build failed"
    }
    # the checksum of the debug information, which names directories of the build machine
    $objcopy --remove-section .gnu_debuglink "$publish/$name"
    # as old as the start of the build, so that a source changed during the build is newer; renamed, so that no process runs half a file
    touch -r "$folder/.begun" "$publish/$name"
    mv -f "$publish/$name" "$1"
    rm "$folder/.unfinished-$name"
}

# debian/copyright, with $packaging and $homepage set: the licence's text as the format wants it, indented, empty lines as dots.
debian_copyright() {
    local license
    license=$(sed '1,/^Copyright/d' "$root/LICENSE" | sed '1{/^$/d}; s/^$/./; s/^/ /')
    sed -e "s/@COPYRIGHT@/$(sed -n 's/^Copyright (c) //p' "$root/LICENSE")/" -e "s|@HOMEPAGE@|$homepage|" \
        "$packaging/deb/copyright" | awk -v license="$license" '$0 == "@LICENSE@" { print license; next } { print }'
}
