# Sightline under Nix. What is behind each output is in nix/, what was built of it and what was only evaluated in docs/nix.md.
{
  description = "A reproducible observation lab for AI agents and container workloads";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    rust-overlay.url = "github:oxalica/rust-overlay";
    rust-overlay.inputs.nixpkgs.follows = "nixpkgs";
    crane.url = "github:ipetkov/crane";
  };

  outputs = { self, nixpkgs, rust-overlay, crane }:
    let
      inherit (nixpkgs) lib;
      systems = [ "x86_64-linux" "aarch64-linux" ];
      each = of: lib.genAttrs systems (system: of (import ./nix {
        inherit self lib system crane;
        pkgs = import nixpkgs { inherit system; overlays = [ rust-overlay.overlays.default ]; };
      }));
    in
    {
      devShells = each (parts: parts.shells);
      packages = each (parts: parts.packages);
      apps = each (parts: parts.apps);
      checks = each (parts: parts.checks);
      formatter = each (parts: parts.formatter);

      nixosModules.sightline = import ./nix/module.nix self;
      nixosModules.default = self.nixosModules.sightline;
      nixosConfigurations.lab = lib.nixosSystem {
        system = "x86_64-linux";
        modules = [ self.nixosModules.sightline ./nix/lab.nix ];
      };
    };
}
