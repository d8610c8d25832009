# The kernels of pins.toml: Debian's packages unpacked, and the types of each (BTF). An architecture without a pin has none.
{ lib, pkgs, system }:
let
  pins = builtins.fromTOML (builtins.readFile ../pins.toml);
  arch = { x86_64-linux = "amd64"; aarch64-linux = "arm64"; }.${system};

  # [ "image" "6" "12" ] of `linux-image-6.12.95+deb12-cloud-amd64`
  parts = package: builtins.match "linux-(image|binary)-([0-9]+)\\.([0-9]+)\\..*" package.name;
  pinned = lib.filter
    (package: parts package != null && package.arch == arch
      && pins.set.kernels.${package.name} or null == package.version)
    pins.package;
  release = package: lib.concatStringsSep "_" (builtins.tail (parts package));

  # No name in the store may have a tilde.
  plain = builtins.replaceStrings [ "~" ] [ "-" ];
  fetch = { name, version, arch, sha256, ... }:
    let file = "${name}_${version}_${arch}.deb"; in
    pkgs.fetchurl {
      name = plain file;
      url = "mirror://debian/pool/main/l/linux-signed-${arch}/${file}";
      inherit sha256;
    };

  # The package as it is, with its kernel under one name; those called `linux-binary-` have no modules.
  kernel = package: pkgs.runCommand "linux-${plain package.version}"
    { nativeBuildInputs = [ pkgs.dpkg ]; src = fetch package; } ''
    dpkg-deb --extract "$src" "$out"
    cd "$out"
    ln -s "$(find . -type f -name 'vmlinuz*' -print -quit)" vmlinuz
  '';

  # What /sys/kernel/btf/vmlinux of the running kernel holds. Where the compressed kernel lies in its file, the file's head
  # says: number of sectors of set-up less one, offset and length, each in its place by Linux' x86 boot protocol.
  btf = package: pkgs.runCommand "linux-btf-${plain package.version}"
    { nativeBuildInputs = [ pkgs.lz4 pkgs.zstd ]; kernel = kernel package; } ''
    number() { od --address-radix=n --format="u$2" --skip-bytes="$1" --read-bytes="$2" "$kernel/vmlinuz" | tr -d ' '; }
    begin=$((($(number 497 1) + 1) * 512 + $(number 584 4)))
    dd if="$kernel/vmlinuz" of=packed iflag=skip_bytes,count_bytes skip="$begin" count="$(number 588 4)" bs=1M
    # After the kernel stands its size, with which the unpackers cannot do anything.
    case $(head --bytes=4 packed | od --address-radix=n --format=x1 | tr -d ' ') in
      28b52ffd) zstd --decompress --stdout packed >vmlinux || true ;;
      02214c18) lz4 -d -c packed >vmlinux || true ;;
      *) echo "$kernel/vmlinuz is packed neither by zstd nor by lz4" >&2; exit 1 ;;
    esac
    mkdir -p "$out"
    objcopy --dump-section=.BTF="$out/vmlinux" vmlinux rest
  '';

  named = prefix: of: lib.listToAttrs
    (map (package: { name = "${prefix}-${release package}"; value = of package; }) pinned);
in
named "kernel" kernel // named "kernel-btf" btf
