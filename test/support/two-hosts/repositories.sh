#!/bin/bash
# repositories.sh BASE OUT INITSCRIPT: builds stub packages and their repositories with the rpmbuild of the base system.
set -euo pipefail
base=$1
out=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{SPECS,RPMS,BUILD,SOURCES}
cp "$3" "$work/SOURCES/initscript"

# package NAME VERSION RELEASE [PROVIDES [REQUIRES [SERVICE [INSTALL-TEXT [FILES]]]]]
package() {
  local name=$1 version=$2 release=$3 provides=${4:-} requires=${5:-} service=${6:-} install=${7:-} files=${8:-}
  {
    printf 'Name: %s\nVersion: %s\nRelease: %s\nSummary: test stub of %s\nLicense: test\nBuildArch: noarch\nAutoReqProv: no\n' \
      "$name" "$version" "$release" "$name"
    [ -z "$provides" ] || echo "Provides: $provides"
    [ -z "$requires" ] || echo "Requires: $requires"
    printf '%%description\ntest stub\n%%install\nmkdir -p %%{buildroot}/usr/share/stubs\necho stub >%%{buildroot}/usr/share/stubs/%s\n' "$name"
    [ -z "$service" ] || printf 'mkdir -p %%{buildroot}/etc/rc.d/init.d\ninstall -m755 /w/SOURCES/initscript %%{buildroot}/etc/rc.d/init.d/%s\n' "$service"
    printf '%s\n' "$install"
    printf '%%files\n/usr/share/stubs/%s\n' "$name"
    [ -z "$service" ] || echo "/etc/rc.d/init.d/$service"
    printf '%s\n' "$files"
  } >"$work/SPECS/$name-$version.spec"
}

java_stub() {
  printf 'mkdir -p %%{buildroot}%s/bin\nprintf "#!/bin/sh\\necho '\''%s version \\"%s\\"'\'' >&2\\n" >%%{buildroot}%s/bin/java\nchmod 755 %%{buildroot}%s/bin/java\n' \
    "$1" "$2" "$3" "$1" "$1"
}

for release in 6.10 7.9; do
  package centos-release $release "1.el${release%%.*}" \
    "system-release = $release, system-release(releasever) = ${release%%.*}, redhat-release = $release, /bin/sh, /bin/bash, /usr/bin/env, /sbin/chkconfig, /sbin/service, bash, chkconfig, initscripts, glibc, python = 2.7"
done
package oracle-j2sdk1.7 1.7.0+update67 1 'jdk = 1.7.0' '' '' "$(java_stub /usr/java/jdk1.7.0_67-cloudera java 1.7.0_67)" /usr/java/jdk1.7.0_67-cloudera
jdk8=/usr/lib/jvm/java-1.8.0-openjdk
package java-1.8.0-openjdk-devel 1.8.0.412.b08 1 'jdk = 1.8.0' '' '' "$(java_stub $jdk8 openjdk 1.8.0_412)
mkdir -p %{buildroot}/usr/bin
ln -s $jdk8/bin/java %{buildroot}/usr/bin/java" "$jdk8
/usr/bin/java"
package cloudera-manager-daemons 5.16.2 1.cm5162.p0.7.el6
package cloudera-manager-agent 5.16.2 1.cm5162.p0.7.el6 '' 'cloudera-manager-daemons = 5.16.2' cloudera-scm-agent \
  'mkdir -p %{buildroot}/etc/cloudera-scm-agent
printf "[General]\nserver_host=localhost\nserver_port=7182\n" >%{buildroot}/etc/cloudera-scm-agent/config.ini' \
  '%config(noreplace) /etc/cloudera-scm-agent/config.ini'
package cloudera-manager-server 5.16.2 1.cm5162.p0.7.el6 '' 'cloudera-manager-daemons = 5.16.2' cloudera-scm-server
package ntp 4.2.6p5 15.el6.centos '' '' ntpd
package ntpdate 4.2.6p5 15.el6.centos
package chrony 3.4 1.el7
package nscd 2.12 1.212.el6 '' '' nscd
package rng-tools 5 13.el7 '' '' rngd
for name in bind-utils wget unzip tar rsync lsof perl openldap-clients libselinux-utils krb5-workstation; do package $name 1.0 1.el; done
package psmisc 22.6 24.el6
package postgresql-server 8.4.20 8.el6_9 '' '' postgresql

inside() {
  unshare --mount --propagation private bash -ec "mkdir -p '$base/w'; mount --bind '$1' '$base/w'; mount -t proc proc '$base/proc'; chroot '$base' /bin/bash -ec \"\$0\"" "$2"
  rmdir "$base/w"
}

inside "$work" 'for spec in /w/SPECS/*.spec; do
  rpmbuild --quiet --define "_topdir /w" --define "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" -bb "$spec" >/w/log 2>&1 || { cat /w/log; exit 1; }
done'
rm -rf "$out"
mkdir -p "$out"/{os6,os7,cm5}
cd "$work/RPMS"
mv cloudera-* oracle-j2sdk* "$out/cm5/"
mv centos-release-6* "$out/os6/"
mv centos-release-7* "$out/os7/"
cp ./*.rpm "$out/os6/"
mv ./*.rpm "$out/os7/"
inside "$out" 'for folder in os6 os7 cm5; do createrepo_c -q "/w/$folder"; done'
