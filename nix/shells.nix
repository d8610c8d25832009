# A shell with everything, and one for each profile with what that profile uses.
{ lib, pkgs, rust, pinned }:
let
  # What each environment takes from the system.
  environments = {
    host = [ pkgs.strace ];
    vm = [ pkgs.qemu pkgs.strace ];
  };
  build = [ rust.toolchain pkgs.git pkgs.bpf-linker pkgs.llvmPackages.llvm ];
  check = [ pkgs.deadnix pkgs.nixpkgs-fmt pkgs.mmdebstrap pkgs.e2fsprogs pkgs.python3 ];
  # The Kubernetes of the shell with everything.
  newest = "k8s-1.34";

  # A key of a profile, or of the first file that it inherits from and that has it.
  key = name: path:
    let
      profile = builtins.fromTOML (builtins.readFile path);
      inherited = map (base: key name (../profiles + "/${base}")) (profile."inherit" or [ ]);
    in
      profile.${name} or (lib.findFirst (value: value != null) null inherited);

  ofProfile = path:
    let
      environment = key "environment" path;
      set = key "pins" path;
    in
    environments.${environment} ++ (if set == null then [ ] else pinned.ofSet set);

  files = lib.filter (lib.hasSuffix ".toml") (builtins.attrNames (builtins.readDir ../profiles));
  # `host` of `01-host.toml`
  name = file: lib.removeSuffix ".toml" (builtins.substring 3 (builtins.stringLength file) file);
  shell = packages: pkgs.mkShell { packages = build ++ packages; };
  ofFile = file: { name = name file; value = shell (ofProfile (../profiles + "/${file}")); };
in
lib.listToAttrs (map ofFile files) // {
  default = shell (lib.concatLists (lib.attrValues environments) ++ check ++ pinned.ofSet newest);
}
