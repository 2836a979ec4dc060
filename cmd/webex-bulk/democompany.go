package main

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/webexscim/bulk/client"
	"github.com/webexscim/bulk/gen"
)

var (
	givenNames = strings.Fields(`Ada Amira Anders Bela Carmen Chidi Dalia Dimitri Elena Emeka Fatima Femi Greta Hana
		Hugo Ines Ivan Jonas Juno Kaito Kofi Lena Lucia Mateo Mei Milan Nadia Nils Noor Olga Omar Petra Priya Quentin Rosa
		Ruben Sana Sven Tariq Tova Uma Vera Wanda Xavi Yara Yusuf Zoe`)
	familyNames = strings.Fields(`Abara Almeida Berg Bianchi Castro Chen Dahl Diallo Ekman Eze Farkas Fischer Garcia
		Haddad Horvat Ito Jansen Jensen Kaya Kim Kowalski Lang Lopez Maier Mensah Moreau Nagy Novak Okafor Olsen Park Petrov
		Quist Rahman Rossi Sato Silva Singh Tanaka Torres Ueda Vega Virtanen Weber Wolf Yilmaz Zhang`)
	departments = []string{"Engineering", "Sales", "Support", "Finance", "People", "Operations", "Legal", "Design"}
)

// company makes up an organization: a chief, departments with a head and teams,
// and a group for each department and team. Equal seeds make equal companies.
type company struct {
	people      int
	rng         *rand.Rand
	namesakes   map[string]int // how many people have the same address so far
	departments []department
}

// department is a part of a company. It lists its people by bulkId.
type department struct {
	name    string
	head    string   // "" until there is somebody
	members []string // without the head, team after team
}

const (
	chief        = "u0"
	teamSize     = 9   // the first member of a team leads it
	maxGroupSize = 500 // members of a new group
)

func newCompany(people int, seed int64) *company {
	c := &company{people: people, rng: rand.New(rand.NewPCG(uint64(seed), 1)), namesakes: map[string]int{}}
	for _, name := range departments {
		c.departments = append(c.departments, department{name: name})
	}
	return c
}

// operations yields the creates of the users, then those of the groups. trouble
// is called with the userName of every hundredth user except the first, so that
// the caller can make it fail.
func (c *company) operations(trouble func(userName string)) iter.Seq2[client.Operation, error] {
	return func(yield func(client.Operation, error) bool) {
		for i := range c.people {
			id := fmt.Sprintf("u%d", i)
			user := c.person(i, id)
			if i > 100 && i%100 == 42 {
				trouble(user.UserName)
			}
			if !yield(client.Users.Create(user).Named(id), nil) {
				return
			}
		}
		for _, d := range c.departments {
			for _, group := range d.groups() {
				if !yield(client.Groups.Create(group).Named(group.ExternalID), nil) {
					return
				}
			}
		}
	}
}

// person makes up the user of a number and a bulkId.
func (c *company) person(i int, id string) gen.User {
	d := &c.departments[c.rng.IntN(len(c.departments))]
	given, family := givenNames[c.rng.IntN(len(givenNames))], familyNames[c.rng.IntN(len(familyNames))]
	local := strings.ToLower(given + "." + family)
	c.namesakes[local]++
	if n := c.namesakes[local]; n > 1 {
		local += fmt.Sprint(n)
	}
	mail := local + "@example.com"
	user := gen.User{
		UserName:    mail,
		Name:        gen.PersonName{GivenName: given, FamilyName: family},
		DisplayName: given + " " + family,
		Emails:      []gen.Email{{Value: mail, Type: "work", Primary: new(true)}},
		Enterprise:  gen.EnterpriseUser{Department: d.name, EmployeeNumber: fmt.Sprint(10000 + i)},
	}
	if id != chief {
		user.Enterprise.Manager = gen.Manager{Value: client.Ref(d.add(id))}
	}
	return user
}

// add adds somebody to the department, and returns the manager.
func (d *department) add(id string) (manager string) {
	if d.head == "" {
		d.head = id
		return chief
	}
	d.members = append(d.members, id)
	last := len(d.members) - 1
	if lead := d.members[last-last%teamSize]; lead != id {
		return lead
	}
	return d.head
}

// groups returns the group of the department and those of its teams, none if it
// has no members.
func (d *department) groups() (all []gen.Group) {
	add := func(name, id string, members []string) {
		g := gen.Group{DisplayName: name, ExternalID: id}
		for _, m := range members {
			g.Members = append(g.Members, gen.GroupMember{Value: client.Ref(m)})
		}
		all = append(all, g)
	}
	if len(d.members) > 0 {
		add(d.name, "g-"+strings.ToLower(d.name), d.members[:min(len(d.members), maxGroupSize)])
	}
	number := 0
	for team := range slices.Chunk(d.members, teamSize) {
		number++
		add(fmt.Sprintf("%s team %d", d.name, number), fmt.Sprintf("g-%s-%d", strings.ToLower(d.name), number), team)
	}
	return all
}
