# The tools of pins.toml as packages: one list of versions and hashes, for this and for `cargo xtask pins`.
{ lib, pkgs, system }:
let
  pins = builtins.fromTOML (builtins.readFile ../pins.toml);
  arch = lib.removeSuffix "-linux" system;

  package = pin: pkgs.stdenvNoCC.mkDerivation {
    pname = pin.name;
    inherit (pin) version;
    src = pkgs.fetchurl { inherit (pin) url sha256; };
    # The download is the program itself, or an archive that has it somewhere.
    dontUnpack = !(pin ? program);
    sourceRoot = ".";
    dontConfigure = true;
    dontBuild = true;
    installPhase =
      if pin ? program
      then ''install -D -m 755 "$(find . -type f -name ${pin.program} | head -n 1)" $out/bin/${pin.program}''
      else "install -D -m 755 $src $out/bin/${pin.name}";
  };

  tool = name: version:
    let found = lib.filter (pin: pin.name == name && pin.version == version && pin.arch == arch) pins.tool;
    in map package found;
in
{
  # The tools of a set for this system; what else the set has is no program.
  ofSet = set: lib.concatLists (lib.mapAttrsToList tool pins.set.${set});
}
