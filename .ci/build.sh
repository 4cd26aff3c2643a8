# What ./drover and ./test share: the tools a build needs, and the native programs. Sourced by bash, with $root set.

native=$root/artifacts/native/drover
native_study=$root/artifacts/native/drover-study

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

apt_install() { DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" </dev/null >&2; }

# NativeAOT links with clang or gcc, and needs the C library's start files.
need_linker() {
    { command -v clang || command -v gcc; } >/dev/null && return
    local packages="gcc libc6-dev"
    command -v apt-get >/dev/null || die "needs a C linker for the native binary: install clang or gcc"
    [ "$(id -u)" = 0 ] || die "needs a C linker for the native binary: run 'sudo apt-get install $packages'"
    say "installing $packages (the native binary is linked by gcc)"
    { apt-get update -qq </dev/null >&2 && apt_install $packages; } ||
        die "could not install $packages with apt-get"
}

# PROGRAM: whether it is newer than every file it is built from.
native_is_fresh() {
    [ -x "$1" ] &&
        [ -z "$(find "$root"/src "$root"/packaging/*.list "$root"/packaging/root "$root"/Directory.*.props "$root/global.json" \( -name bin -o -name obj \) -prune -o -type f -newer "$1" -print -quit)" ]
}

# PROGRAM…: builds each of the native programs that is older than its sources. A second process waits for the first.
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
    local arch project name=${1##*/} begun=$root/artifacts/native/.begun log=$root/artifacts/native/build.log
    case $(uname -m) in
        x86_64) arch=x64 ;;
        aarch64) arch=arm64 ;;
        *) die "no native build for $(uname -m)" ;;
    esac
    case $name in
        drover) project=Drover ;;
        drover-study) project=Drover.Study ;;
    esac
    need_dotnet
    need_linker
    say "building $name (about a minute the first time)"
    touch "$begun"
    dotnet publish "$root/src/$project" -c Release -r "linux-$arch" -o "$root/artifacts/publish/$name" -v quiet </dev/null >"$log" 2>&1 || {
        cat "$log" >&2
        die "the native build failed"
    }
    # as old as the start of the build, so that a source changed during the build is newer; renamed, so that no process runs half a file
    touch -r "$begun" "$root/artifacts/publish/$name/$name"
    mv -f "$root/artifacts/publish/$name/$name" "$1"
}
