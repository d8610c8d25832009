# Stands in for crane: the functions that the flake calls, each of which makes a derivation of what it is given.
{
  outputs = _: {
    mkLib = pkgs: {
      overrideToolchain = toolchain:
        let
          step = what: { pname, version, ... }@attributes: derivation (removeAttrs attributes [ "meta" ] // {
            name = "${pname}-${what}-${version}";
            inherit (attributes) src;
            inherit toolchain;
            inherit (pkgs.stdenv.hostPlatform) system;
            builder = "/bin/sh";
          });
        in
        {
          buildDepsOnly = step "deps";
          buildPackage = step "package";
          cargoClippy = step "clippy";
          cargoFmt = step "fmt";
          cargoTest = step "test";
        };
    };
  };
}
