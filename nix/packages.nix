# What can be built: the programs, the eBPF object, and all of it as one lab.
{ lib, pkgs, rust }:
let
  program = crate: binary: rust.craneLib.buildPackage (rust.common // {
    pname = binary;
    cargoExtraArgs = "--locked --package ${crate} --bin ${binary}";
    doCheck = false;
    meta.mainProgram = binary;
  });
  xtask = program "xtask" "xtask";
  lab-actor = program "lab-act" "lab-actor";
  lab-probe = program "lab-probe" "lab-probe";

  # The committed object: building it again is `cargo xtask bpf verify` in a shell, which needs the registry.
  ebpf = pkgs.runCommand "sightline-ebpf" { } ''
    mkdir -p $out
    cp ${../bpf/prebuilt}/* $out/
  '';

  # A release: the programs beside the definitions, where xtask looks for them.
  definitions = lib.concatMapStringsSep " " (name: "${rust.src}/${name}")
    [ "golden" "pins.toml" "profiles" "rules" "scenarios" ];
  lab = pkgs.runCommand "sightline-lab" { meta.mainProgram = "sightline-lab"; } ''
    share=$out/share/sightline
    mkdir -p $share $out/bin
    cp ${xtask}/bin/xtask ${lab-actor}/bin/lab-actor ${lab-probe}/bin/lab-probe $share/
    cp -r ${definitions} $share/
    printf '#!/bin/sh\nexec %s --lab "$PWD" lab "$@"\n' $share/xtask >$out/bin/sightline-lab
    chmod 755 $out/bin/sightline-lab
  '';
in
{
  inherit xtask lab-actor lab-probe ebpf lab;
  default = lab;
}
