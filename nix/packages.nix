# What can be built: the programs, the eBPF object, all of it as one lab, the probe as an OCI image, and what kernels are made of.
{ lib, pkgs, rust, kernels }:
let
  program = crate: binary: rust.craneLib.buildPackage (rust.common // {
    pname = binary;
    cargoExtraArgs = "--locked --package ${crate} --bin ${binary}";
    doCheck = false;
    meta.mainProgram = binary;
  });
  xtask = program "xtask" "xtask";
  lab-actor = program "lab-act" "lab-actor";
  lab-poll = program "lab-poll" "lab-poll";
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
    cp ${xtask}/bin/xtask ${lab-actor}/bin/lab-actor ${lab-probe}/bin/lab-probe ${lab-poll}/bin/lab-poll $share/
    cp -r ${definitions} $share/
    printf '#!/bin/sh\nexec %s --lab "$PWD" lab "$@"\n' $share/xtask >$out/bin/sightline-lab
    chmod 755 $out/bin/sightline-lab
  '';

  # Without a tag it is known by its hash.
  image-lab-probe = pkgs.dockerTools.buildLayeredImage {
    name = "lab-probe";
    contents = [ lab-probe ];
    config.Entrypoint = [ "${lab-probe}/bin/lab-probe" ];
  };
in
kernels // {
  inherit xtask lab-actor lab-poll lab-probe ebpf lab image-lab-probe;
  # Those of nixpkgs, for programs: no package of headers is pinned.
  kernel-headers = pkgs.linuxHeaders;
  default = lab;
}
